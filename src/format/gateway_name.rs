use std::fmt;

use super::label::{check, is_dns_label};
use super::{Fqdn, Reason};

/// How a VirtualService names a gateway that it binds to (`validateGatewayNames` in
/// pkg/config/validation/validation.go).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GatewayName<'a> {
    /// `mesh`: the sidecars, not a gateway.
    Mesh,
    /// `name`: in the namespace of the VirtualService.
    Local(&'a str),
    /// `namespace/name`
    Namespaced { namespace: &'a str, name: &'a str },
    /// `name.namespace` or `name.namespace.svc.cluster.local`, of which istiod reads the first two labels only.
    Legacy { text: &'a str, namespace: &'a str, name: &'a str },
}

impl<'a> GatewayName<'a> {
    pub fn parse(text: &'a str) -> Result<Self, Reason> {
        if let Some((namespace, name)) = text.split_once('/') {
            return Self::namespaced(namespace, name, text);
        }
        Fqdn::parse(text)?;
        Ok(match text.split_once('.') {
            None if text == "mesh" => Self::Mesh,
            None => Self::Local(text),
            Some((name, rest)) => Self::Legacy { text, name, namespace: rest.split('.').next().unwrap_or(rest) },
        })
    }

    fn namespaced(namespace: &'a str, name: &'a str, text: &str) -> Result<Self, Reason> {
        if namespace == "." && is_dns_label(name) {
            let reason = Reason::new(format!("`{text}` does not name a namespace: `.` is not legal here"));
            return Err(reason.help(format!("write `{name}`")));
        }
        check(namespace, "a namespace")?;
        check(name, "the name of a gateway")?;
        Ok(Self::Namespaced { namespace, name })
    }

    /// The namespace and the name of the gateway, for a VirtualService in the namespace `own`; nothing for the mesh.
    pub fn resolve(self, own: &'a str) -> Option<(&'a str, &'a str)> {
        match self {
            Self::Mesh => None,
            Self::Local(name) => Some((own, name)),
            Self::Namespaced { namespace, name } | Self::Legacy { namespace, name, .. } => Some((namespace, name)),
        }
    }
}

impl fmt::Display for GatewayName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mesh => f.write_str("mesh"),
            Self::Local(text) | Self::Legacy { text, .. } => f.write_str(text),
            Self::Namespaced { namespace, name } => write!(f, "{namespace}/{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::GatewayName;

    #[test]
    fn names_of_gateways() {
        let table = [
            ("mesh", Some(None)),
            ("gw", Some(Some(("own", "gw")))),
            ("ns/gw", Some(Some(("ns", "gw")))),
            ("gw.ns", Some(Some(("ns", "gw")))),
            ("gw.ns.svc.cluster.local", Some(Some(("ns", "gw")))),
            ("./gw", None),
            ("/x", None),
            ("x/", None),
            ("a/b/c", None),
            ("a/b.c", None),
            ("a b", None),
            ("", None),
        ];
        for (text, expected) in table {
            let name = GatewayName::parse(text);
            assert_eq!(name.as_ref().ok().map(|name| name.resolve("own")), expected, "{text}");
            if let Ok(name) = name {
                assert_eq!(name.to_string(), text);
            }
        }
        assert_eq!(GatewayName::parse("./gw").unwrap_err().instruction(), Some("write `gw`"));
    }
}
