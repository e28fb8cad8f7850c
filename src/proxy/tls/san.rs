//! Tests of the alternative names in certificates.

use crate::envoy::matcher::{StringMatcher, StringPattern};
use crate::envoy::tls::{CertificateValidationContext, SanType};
use crate::trace::TextTest;

use super::facts::{Certificate, Name};

/// A certificate passes if one of its names passes one of the tests. Without tests, all pass.
#[derive(Debug, Default)]
pub struct SanTests(Vec<SanTest>);

#[derive(Debug)]
struct SanTest {
    /// `None`: names of all kinds.
    kind: Option<SanType>,
    test: TextTest,
    /// A name that a certificate may also cover with `*`.
    dns: Option<String>,
}

impl SanTests {
    pub fn new(context: &CertificateValidationContext) -> Self {
        let typed = context
            .match_typed_subject_alt_names
            .iter()
            .filter_map(|test| Some(SanTest::new(Some(test.san_type), test.matcher.as_ref()?)));
        let untyped = context.match_subject_alt_names.iter().map(|matcher| SanTest::new(None, matcher));
        Self(typed.chain(untyped).collect())
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn pass(&self, certificate: &Certificate) -> bool {
        self.0.is_empty() || self.0.iter().any(|test| certificate.names.iter().any(|name| test.passes(name)))
    }
}

impl SanTest {
    fn new(kind: Option<SanType>, matcher: &StringMatcher) -> Self {
        let dns = match &matcher.pattern {
            Some(StringPattern::Exact(name)) => Some(name.clone()),
            _ => None,
        };
        Self { kind, test: TextTest::new(matcher), dns }
    }

    /// A DNS name that is given exactly may be covered by a wildcard
    /// (`source/common/tls/cert_validator/san_matcher.cc`, `StringSanMatcher::match`).
    fn passes(&self, name: &Name) -> bool {
        let (kind, text) = match name {
            Name::Dns(text) => (SanType::Dns, text),
            Name::Uri(text) => (SanType::Uri, text),
            Name::Email(text) => (SanType::Email, text),
            Name::Ip(address) => (SanType::IpAddress, address),
        };
        if self.kind.is_some_and(|own| own != kind) {
            return false;
        }
        match (&self.dns, kind) {
            (Some(wanted), SanType::Dns) => covers(text, wanted),
            _ => self.test.matches(text),
        }
    }
}

/// Whether a name in a certificate is for a host. A `*` stands for a part of the first label
/// (`source/common/tls/utility.cc`, `Utility::dnsNameMatch`).
fn covers(pattern: &str, host: &str) -> bool {
    let (pattern, host) = (pattern.to_ascii_lowercase(), host.to_ascii_lowercase());
    if pattern == host {
        return true;
    }
    let (Some((label, domain)), Some((first, rest))) = (pattern.split_once('.'), host.split_once('.')) else {
        return false;
    };
    let Some((before, after)) = label.split_once('*') else { return false };
    domain == rest
        && !after.contains('*')
        && !label.starts_with("xn--")
        && first.len() > before.len() + after.len()
        && first.starts_with(before)
        && first.ends_with(after)
}

#[cfg(test)]
mod tests {
    use super::covers;

    #[test]
    fn a_star_covers_one_label() {
        let table = [
            ("example.com", "example.com", true),
            ("*.example.com", "A.example.com", true),
            ("*.example.com", "a.b.example.com", false),
            ("*.example.com", "example.com", false),
            ("w*.example.com", "www.example.com", true),
            ("w*.example.com", "w.example.com", false),
            ("*", "example.com", false),
            ("*.com", "example.org", false),
        ];
        for (pattern, host, expected) in table {
            assert_eq!(covers(pattern, host), expected, "{pattern} for {host}");
        }
    }
}
