use std::fmt;

use super::label::is_dns_label;
use super::{Host, Ip, Reason, WildcardDomain};

/// The namespaces that a host is looked for in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Namespaces<'a> {
    /// `*`
    All,
    /// `.`: that of the resource itself.
    Own,
    Named(&'a str),
}

impl<'a> Namespaces<'a> {
    fn parse(text: &'a str, whole: &str) -> Result<Self, Reason> {
        match text {
            "*" => Ok(Self::All),
            "." => Ok(Self::Own),
            _ if is_dns_label(text) => Ok(Self::Named(text)),
            _ => {
                let reason = Reason::new(format!("`{text}` is not the name of a namespace, as in `{whole}`"));
                Err(reason.help("write a name, `.` for the own namespace, or `*` for all"))
            }
        }
    }

    /// Whether `namespace` is one of them, for a resource in the namespace `own`.
    pub fn contains(self, namespace: &str, own: &str) -> bool {
        match self {
            Self::All => true,
            Self::Own => namespace == own,
            Self::Named(name) => namespace == name,
        }
    }
}

impl fmt::Display for Namespaces<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::All => "*",
            Self::Own => ".",
            Self::Named(name) => name,
        })
    }
}

/// A host of a server of a Gateway: `host`, `namespace/host`, `./host` or `*/host`
/// (`ValidateNamespaceSlashWildcardHostname` in pkg/config/validation/agent/validation.go).
///
/// The host is `*`, or has a dot and is a domain name or an IPv4 address; a wildcard stands for whole labels. The
/// namespaces are those of the VirtualServices that may bind to it; none written is the same as `*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerHost<'a> {
    namespaces: Option<Namespaces<'a>>,
    host: Host<'a>,
}

impl<'a> ServerHost<'a> {
    pub fn parse(text: &'a str) -> Result<Self, Reason> {
        let Some((namespaces, host)) = text.split_once('/') else {
            return Ok(Self { namespaces: None, host: server_host(text)? });
        };
        not_empty(namespaces, host, text)?;
        Ok(Self { namespaces: Some(Namespaces::parse(namespaces, text)?), host: server_host(host)? })
    }

    pub fn namespaces(self) -> Namespaces<'a> {
        self.namespaces.unwrap_or(Namespaces::All)
    }

    pub fn host(self) -> Host<'a> {
        self.host
    }
}

impl fmt::Display for ServerHost<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.namespaces {
            Some(namespaces) => write!(f, "{namespaces}/{}", self.host),
            None => self.host.fmt(f),
        }
    }
}

/// A host that a Sidecar imports, or keeps out with `~`: `namespace/host`, `./host`, `*/host`, `~namespace/host`, and
/// `~/host` for all namespaces. The host is as that of a [`ServerHost`], without addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EgressHost<'a> {
    excluded: bool,
    namespaces: Option<Namespaces<'a>>,
    host: Host<'a>,
}

impl<'a> EgressHost<'a> {
    pub fn parse(text: &'a str) -> Result<Self, Reason> {
        let Some((namespaces, host)) = text.split_once('/') else {
            let reason = Reason::new(format!("`{text}` does not say a namespace"));
            return Err(reason.help(format!("write `./{text}` for the own namespace, or `*/{text}` for all")));
        };
        not_empty(namespaces, host, text)?;
        let named = namespaces.strip_prefix('~').unwrap_or(namespaces);
        Ok(Self {
            excluded: namespaces.starts_with('~'),
            namespaces: if named.is_empty() { None } else { Some(Namespaces::parse(named, text)?) },
            host: domain_host(host)?,
        })
    }

    /// Whether the host is kept out instead of imported.
    pub fn is_excluded(self) -> bool {
        self.excluded
    }

    pub fn namespaces(self) -> Namespaces<'a> {
        self.namespaces.unwrap_or(Namespaces::All)
    }

    pub fn host(self) -> Host<'a> {
        self.host
    }
}

impl fmt::Display for EgressHost<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.excluded { "~" } else { "" })?;
        match self.namespaces {
            Some(namespaces) => write!(f, "{namespaces}/{}", self.host),
            None => write!(f, "/{}", self.host),
        }
    }
}

fn not_empty(namespaces: &str, host: &str, text: &str) -> Result<(), Reason> {
    if namespaces.is_empty() {
        let reason = Reason::new(format!("`{text}` has nothing before the `/`"));
        return Err(reason.help(format!("write `.{text}` for the own namespace, or `*{text}` for all")));
    }
    if host.is_empty() {
        return Err(
            Reason::new(format!("`{text}` has no host after the `/`")).help(format!("write `{text}*` for every host"))
        );
    }
    Ok(())
}

fn server_host(text: &str) -> Result<Host<'_>, Reason> {
    // Without a dot, as in `::1`, even an address is taken for a short name.
    if text.contains('.') && Ip::parse(text).is_ok() { Ok(Host::new(text)) } else { domain_host(text) }
}

fn domain_host(text: &str) -> Result<Host<'_>, Reason> {
    let domain = WildcardDomain::parse(text)?;
    if text != "*" && !text.contains('.') {
        let reason = Reason::new(format!("`{text}` is a short name, which is not legal here"));
        return Err(reason.help(format!("write the full name, such as `{text}.default.svc.cluster.local`")));
    }
    if domain.has_partial_wildcard() {
        let reason = Reason::new(format!("the wildcard of `{text}` is not a label of its own"));
        return Err(reason.help("write `*` for every host, or `*.` before a domain"));
    }
    Ok(Host::new(text))
}

#[cfg(test)]
mod tests {
    use super::{EgressHost, Namespaces, ServerHost};

    #[test]
    fn hosts_of_gateways_and_sidecars() {
        // Text, whether it is legal in a Gateway, and in a Sidecar.
        let table = [
            ("*", true, false),
            ("a.test", true, false),
            ("*.test", true, false),
            ("10.0.0.1", true, false),
            ("::1", false, false),
            ("reviews", false, false),
            ("*foo.test", false, false),
            ("", false, false),
            ("*/*", true, true),
            ("./*", true, true),
            ("ns/a.test", true, true),
            ("ns/10.0.0.1", true, false),
            ("ns/reviews", false, false),
            ("./*foo.test", false, false),
            ("ns/a/b.test", false, false),
            ("/a.test", false, false),
            ("ns/", false, false),
            ("a_b/*", false, false),
            ("ns.x/*", false, false),
            ("~/*", false, true),
            ("~ns/a.test", false, true),
            ("~*/a.test", false, true),
            ("~./a.test", false, true),
            ("~~a/x.test", false, false),
        ];
        for (text, server, egress) in table {
            assert_eq!((ServerHost::parse(text).is_ok(), EgressHost::parse(text).is_ok()), (server, egress), "{text}");
            if server {
                assert_eq!(ServerHost::parse(text).unwrap().to_string(), text);
            }
            if egress {
                assert_eq!(EgressHost::parse(text).unwrap().to_string(), text);
            }
        }
    }

    #[test]
    fn namespaces_of_a_host() {
        assert_eq!(ServerHost::parse("a.test").unwrap().namespaces(), Namespaces::All);
        assert_eq!(ServerHost::parse("./a.test").unwrap().namespaces(), Namespaces::Own);
        let excluded = EgressHost::parse("~shop/a.test").unwrap();
        assert_eq!((excluded.is_excluded(), excluded.namespaces()), (true, Namespaces::Named("shop")));
        assert!(Namespaces::Own.contains("shop", "shop") && !Namespaces::Own.contains("shop", "bank"));
    }
}
