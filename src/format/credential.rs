use std::fmt;

use super::Reason;

/// What a `credentialName` points to (`ToResourceName` and `ParseResourceName` in
/// pilot/pkg/model/credentials/resource.go).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Credential<'a> {
    /// `name`, `kubernetes://name`, `namespace/name` or `kubernetes://namespace/name`; without a namespace, that of the
    /// proxy. Parts after a second `/` are ignored.
    Secret { text: &'a str, namespace: Option<&'a str>, name: &'a str },
    /// `kubernetes-gateway://namespace/name`, which istiod makes from the Gateway API.
    GatewaySecret { text: &'a str, namespace: &'a str, name: &'a str },
    /// `configmap://namespace/name`: certificates of authorities only, and only in a DestinationRule.
    ConfigMap { text: &'a str, namespace: &'a str, name: &'a str },
    /// `builtin://`: the certificate that the mesh has given to the workload.
    Builtin(&'a str),
    /// `invalid://`: a certificate that never is there.
    Invalid(&'a str),
}

impl<'a> Credential<'a> {
    pub fn parse(text: &'a str) -> Result<Self, Reason> {
        let Some((scheme, rest)) = text.split_once("://") else {
            return secret(text, text);
        };
        match scheme {
            "kubernetes" => secret(text, rest),
            "kubernetes-gateway" => {
                named(text, rest).map(|(namespace, name)| Self::GatewaySecret { text, namespace, name })
            }
            "configmap" => named(text, rest).map(|(namespace, name)| Self::ConfigMap { text, namespace, name }),
            "builtin" => Ok(Self::Builtin(text)),
            "invalid" => Ok(Self::Invalid(text)),
            _ => {
                let reason = Reason::new(format!("there are no credentials of the kind `{scheme}`"));
                Err(reason.help("use the name of a Secret, `kubernetes://name` or `configmap://namespace/name`"))
            }
        }
    }

    pub fn as_str(self) -> &'a str {
        match self {
            Self::Secret { text, .. } | Self::GatewaySecret { text, .. } | Self::ConfigMap { text, .. } => text,
            Self::Builtin(text) | Self::Invalid(text) => text,
        }
    }
}

impl fmt::Display for Credential<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

fn secret<'a>(text: &'a str, path: &'a str) -> Result<Credential<'a>, Reason> {
    let (first, second) = parts(path);
    let (namespace, name) = second.map_or((None, first), |second| (Some(first), second));
    match name {
        "" => Err(Reason::new(format!("`{text}` does not name a Secret"))),
        _ => Ok(Credential::Secret { text, namespace, name }),
    }
}

fn named<'a>(text: &str, path: &'a str) -> Result<(&'a str, &'a str), Reason> {
    match parts(path) {
        (namespace, Some(name)) if !namespace.is_empty() && !name.is_empty() => Ok((namespace, name)),
        _ => {
            let scheme = text.split("://").next().unwrap_or(text);
            let reason = Reason::new(format!("`{text}` does not say both a namespace and a name"));
            Err(reason.help(format!("write `{scheme}://namespace/name`")))
        }
    }
}

fn parts(path: &str) -> (&str, Option<&str>) {
    let mut parts = path.split('/');
    (parts.next().unwrap_or(path), parts.next())
}

#[cfg(test)]
mod tests {
    use super::Credential;

    #[test]
    fn credentials_by_scheme() {
        let secret = |text, namespace, name| Some(Credential::Secret { text, namespace, name });
        let table = [
            ("cert", secret("cert", None, "cert")),
            ("kubernetes://cert", secret("kubernetes://cert", None, "cert")),
            ("kubernetes://ns/cert", secret("kubernetes://ns/cert", Some("ns"), "cert")),
            ("ns/cert/x", secret("ns/cert/x", Some("ns"), "cert")),
            (
                "configmap://ns/ca",
                Some(Credential::ConfigMap { text: "configmap://ns/ca", namespace: "ns", name: "ca" }),
            ),
            ("builtin://", Some(Credential::Builtin("builtin://"))),
            ("configmap://ca", None),
            ("configmap:///ca", None),
            ("configmap://ns/", None),
            ("vault://x", None),
            ("", None),
        ];
        for (text, expected) in table {
            assert_eq!(Credential::parse(text).ok(), expected, "{text}");
        }
    }
}
