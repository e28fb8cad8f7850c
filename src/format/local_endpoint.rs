use std::fmt;

use super::{Port, Reason, UnixPath};

/// Where a Sidecar sends the traffic of an ingress listener: a Unix socket, or a port of the own host
/// (`defaultEndpoint`, `ValidateSidecar` in pkg/config/validation/validation.go).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LocalEndpoint<'a> {
    Unix(UnixPath<'a>),
    /// The host is one of `127.0.0.1`, `0.0.0.0`, `::1`, `::`, or empty.
    Port(&'a str, Port),
}

const HOSTS: [&str; 5] = ["", "127.0.0.1", "0.0.0.0", "[::1]", "[::]"];

impl<'a> LocalEndpoint<'a> {
    pub fn parse(text: &'a str) -> Result<Self, Reason> {
        if let Some(path) = UnixPath::in_address(text) {
            return path.map(Self::Unix);
        }
        let not_local = || {
            let help = "write `127.0.0.1:8080`, `0.0.0.0:8080`, `[::1]:8080`, `[::]:8080`, `:8080` or `unix:///path`";
            Reason::new(format!("`{text}` is not a port of the own host")).help(help)
        };
        let (host, port) = text.rsplit_once(':').ok_or_else(not_local)?;
        // Go's `net.SplitHostPort` takes brackets off any host.
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let bracketed = bare != host;
        let legal = HOSTS.contains(&host) || (bracketed && HOSTS.contains(&bare));
        if !legal {
            return Err(not_local());
        }
        Port::parse(port).map(|port| Self::Port(bare, port))
    }
}

impl fmt::Display for LocalEndpoint<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix://{path}"),
            Self::Port(host, port) if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Port(host, port) => write!(f, "{host}:{port}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::LocalEndpoint;

    #[test]
    fn endpoints_on_the_own_host() {
        let table = [
            ("127.0.0.1:8080", true),
            ("0.0.0.0:65535", true),
            ("[::1]:80", true),
            ("[::]:80", true),
            (":80", true),
            ("unix:///run/x.sock", true),
            ("unix://run", false),
            ("localhost:80", false),
            ("10.0.0.1:80", false),
            ("::1:80", false),
            ("127.0.0.1", false),
            ("127.0.0.1:0", false),
            ("127.0.0.1:http", false),
            ("", false),
        ];
        for (text, legal) in table {
            let endpoint = LocalEndpoint::parse(text);
            assert_eq!(endpoint.is_ok(), legal, "{text}");
            if let Ok(endpoint) = endpoint {
                assert_eq!(endpoint.to_string(), text);
            }
        }
    }
}
