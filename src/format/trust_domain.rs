use super::Reason;
use super::label::check;
use super::text::text_type;

/// A trust domain of the mesh (`ValidateTrustDomain` in pkg/config/validation/agent/validation.go): DNS labels joined by
/// `.`, of which the last may be empty. Unlike in a domain name, it may be a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TrustDomain<'a>(&'a str);

text_type!(TrustDomain);

impl<'a> TrustDomain<'a> {
    pub fn parse(text: &'a str) -> Result<Self, Reason> {
        if text.is_empty() {
            return Err(Reason::new("a trust domain cannot be empty"));
        }
        let labels = text.strip_suffix('.').unwrap_or(text);
        labels.split('.').try_for_each(|label| check(label, "a trust domain"))?;
        Ok(Self(text))
    }
}

/// A text of an AuthorizationPolicy with at most one `*`, at its start or at its end (`CheckWildcardValues` in
/// pkg/config/security/security.go).
///
/// Most fields take any text and read such a `*` as a wildcard; Istio checks it for trust domains only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WildcardText<'a>(&'a str);

text_type!(WildcardText);

impl<'a> WildcardText<'a> {
    pub fn parse(text: &'a str) -> Result<Self, Reason> {
        match text.find('*') {
            None if text.is_empty() => Err(Reason::new("an empty text matches nothing")),
            None => Ok(Self(text)),
            Some(at) if text[at + 1..].contains('*') => {
                Err(Reason::new(format!("`{text}` has more than one wildcard")))
            }
            Some(at) if at == 0 || at + 1 == text.len() => Ok(Self(text)),
            Some(_) => {
                let reason = Reason::new(format!("`{text}` has its wildcard in the middle"));
                Err(reason.help("put the `*` at the start or at the end"))
            }
        }
    }

    /// As trust domains in `source.trustDomains`, which have no `/`.
    pub fn trust_domain(self) -> Result<Self, Reason> {
        match self.0.contains('/') {
            true => Err(Reason::new(format!("`{self}` has a `/`, which no trust domain has"))),
            false => Ok(self),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{TrustDomain, WildcardText};

    #[test]
    fn trust_domains_and_their_patterns() {
        // Text, as a trust domain, as a text with a wildcard, as the pattern of a trust domain.
        let table = [
            ("cluster.local", true, true, true),
            ("cluster.local.", true, true, true),
            ("td.1", true, true, true),
            ("a..b", false, true, true),
            (".", false, true, true),
            ("", false, false, false),
            ("*", false, true, true),
            ("*.local", false, true, true),
            ("prod-*", false, true, true),
            ("a*b", false, false, false),
            ("*a*", false, false, false),
            ("**", false, false, false),
            ("a/b", false, true, false),
        ];
        for (text, domain, wildcard, pattern) in table {
            let wild = WildcardText::parse(text);
            let actual =
                (TrustDomain::parse(text).is_ok(), wild.is_ok(), wild.and_then(WildcardText::trust_domain).is_ok());
            assert_eq!(actual, (domain, wildcard, pattern), "{text}");
        }
    }
}
