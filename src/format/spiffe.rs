use super::Reason;
use super::text::{only, text_type};

/// A SPIFFE identity, `spiffe://trust-domain/path`, after the
/// [standard](https://github.com/spiffe/spiffe/blob/main/standards/SPIFFE-ID.md): at most 2048 bytes, a trust domain in
/// lower case, and segments that are neither empty nor dots.
///
/// Istio's own identities have the path `ns/<namespace>/sa/<service account>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SpiffeId<'a>(&'a str);

text_type!(SpiffeId);

impl<'a> SpiffeId<'a> {
    pub fn parse(text: &'a str) -> Result<Self, Reason> {
        let Some(rest) = text.strip_prefix("spiffe://") else {
            return Err(Reason::new(format!("`{text}` does not start with `spiffe://`")));
        };
        if text.len() > 2048 {
            return Err(Reason::new(format!("an identity of {} bytes is longer than 2048", text.len())));
        }
        let mut segments = rest.split('/');
        let domain = segments.next().unwrap_or(rest);
        if domain.is_empty() {
            return Err(Reason::new(format!("`{text}` has no trust domain")));
        }
        only(domain, "a trust domain", |c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-._".contains(c))?;
        for segment in segments {
            if matches!(segment, "" | "." | "..") {
                return Err(Reason::new(format!("`{text}` has an empty segment, or one of dots only")));
            }
            only(segment, "a SPIFFE identity", |c| c.is_ascii_alphanumeric() || "-._".contains(c))?;
        }
        Ok(Self(text))
    }

    pub fn trust_domain(self) -> &'a str {
        let rest = &self.0["spiffe://".len()..];
        rest.split('/').next().unwrap_or(rest)
    }

    /// Namespace and service account of an identity of Istio's form.
    pub fn workload(self) -> Option<(&'a str, &'a str)> {
        let mut segments = self.0["spiffe://".len()..].split('/').skip(1);
        let path = [segments.next()?, segments.next()?, segments.next()?, segments.next()?];
        match path {
            ["ns", namespace, "sa", account] if segments.next().is_none() => Some((namespace, account)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::SpiffeId;

    #[test]
    fn identities_of_workloads() {
        let table = [
            ("spiffe://cluster.local/ns/shop/sa/web", Some(("cluster.local", Some(("shop", "web"))))),
            ("spiffe://cluster.local", Some(("cluster.local", None))),
            ("spiffe://td/a/b", Some(("td", None))),
            ("spiffe://td/ns/a/sa/b/c", Some(("td", None))),
            ("spiffe://TD/a", None),
            ("spiffe://td/", None),
            ("spiffe://td/../a", None),
            ("spiffe://td/a*", None),
            ("spiffe:///ns/a/sa/b", None),
            ("cluster.local/ns/shop/sa/web", None),
        ];
        for (text, expected) in table {
            let actual = SpiffeId::parse(text).ok().map(|id| (id.trust_domain(), id.workload()));
            assert_eq!(actual, expected, "{text}");
        }
    }
}
