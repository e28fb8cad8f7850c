use std::fmt;

use super::Reason;

/// A service account in an AuthorizationPolicy: `name`, in the namespace of the policy, or `namespace/name`
/// (`CheckServiceAccount` in pkg/config/security/security.go). The letters are not checked, but `*` is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceAccount<'a> {
    namespace: Option<&'a str>,
    name: &'a str,
}

impl<'a> ServiceAccount<'a> {
    pub fn parse(text: &'a str) -> Result<Self, Reason> {
        if text.contains('*') {
            let reason = Reason::new(format!("`{text}` has a wildcard, which service accounts cannot have"));
            return Err(reason.help("name each account, or use `principals`"));
        }
        if text.len() > 320 {
            return Err(Reason::new(format!("a service account of {} bytes is longer than 320", text.len())));
        }
        let (namespace, name) = match text.split_once('/') {
            Some((namespace, name)) => (Some(namespace), name),
            None => (None, text),
        };
        if name.is_empty() || name.contains('/') || namespace.is_some_and(str::is_empty) {
            let reason = Reason::new(format!("`{text}` is not a service account"));
            return Err(reason.help("write `name` or `namespace/name`"));
        }
        Ok(Self { namespace, name })
    }

    pub fn namespace(self) -> Option<&'a str> {
        self.namespace
    }

    pub fn name(self) -> &'a str {
        self.name
    }
}

impl fmt::Display for ServiceAccount<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.namespace {
            Some(namespace) => write!(f, "{namespace}/{}", self.name),
            None => f.write_str(self.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ServiceAccount;

    #[test]
    fn accounts_with_and_without_namespace() {
        let long = "x".repeat(321);
        let table = [
            ("web", Some((None, "web"))),
            ("shop/web", Some((Some("shop"), "web"))),
            ("", None),
            ("/web", None),
            ("shop/", None),
            ("a/b/c", None),
            ("shop/*", None),
            (&long, None),
        ];
        for (text, expected) in table {
            let account = ServiceAccount::parse(text).ok();
            assert_eq!(account.map(|account| (account.namespace(), account.name())), expected, "{text}");
        }
    }
}
