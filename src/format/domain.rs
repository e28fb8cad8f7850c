use super::label::check;
use super::text::text_type;
use super::{Ip, Reason, WildcardLabel};

/// A domain name without wildcards (`ValidateFQDN` in pkg/config/validation/agent/validation.go): 1 to 255 bytes of
/// [`DnsLabel`](super::DnsLabel)s joined by `.`, where the last may be empty but not a number. One label is enough, in
/// spite of the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fqdn<'a>(&'a str);

text_type!(Fqdn);

impl<'a> Fqdn<'a> {
    pub fn parse(text: &'a str) -> Result<Self, Reason> {
        length(text)?;
        labels(text, text)?;
        Ok(Self(text))
    }
}

/// A domain name whose first label may be a wildcard (`ValidateWildcardDomain`): `*`, `*.example.com`, `*-v1.example.com`,
/// `reviews`. A wildcard anywhere else is illegal, and so is an IP address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WildcardDomain<'a>(&'a str);

text_type!(WildcardDomain);

impl<'a> WildcardDomain<'a> {
    pub fn parse(text: &'a str) -> Result<Self, Reason> {
        length(text)?;
        // A single label is not held against the rule that the last must not be a number.
        let (first, rest) = text.split_once('.').map_or((text, None), |(first, rest)| (first, Some(rest)));
        WildcardLabel::parse(first).map_err(|reason| in_domain(reason, first, text))?;
        if let Some(rest) = rest {
            labels(rest, text)?;
        }
        Ok(Self(text))
    }

    /// Whether the `*` is only a part of the first label, as in `*foo.com`. Gateways and Sidecars refuse that.
    pub fn has_partial_wildcard(self) -> bool {
        self.0.starts_with('*') && self.0.len() > 1 && !self.0.starts_with("*.")
    }
}

fn length(domain: &str) -> Result<(), Reason> {
    match domain.len() {
        0 => Err(Reason::new("a domain name cannot be empty")),
        1..=255 => Ok(()),
        length => Err(Reason::new(format!("a domain name of {length} bytes is longer than 255"))),
    }
}

fn labels(labels: &str, domain: &str) -> Result<(), Reason> {
    let last = labels.rsplit('.').next().unwrap_or(labels);
    // Go's `strconv.Atoi` decides, which gives up beyond 64 bits.
    if last.parse::<i64>().is_ok() {
        let reason = Reason::new(format!("`{domain}` ends in the number `{last}`, which no domain name does"));
        return Err(if Ip::parse(domain).is_ok() {
            reason.help("write a host name: an address is not legal here")
        } else {
            reason
        });
    }
    for label in labels.strip_suffix('.').unwrap_or(labels).split('.') {
        // Nothing before the last, empty label.
        if labels.is_empty() {
            break;
        }
        check(label, "a domain name").map_err(|reason| in_domain(reason, label, domain))?;
    }
    Ok(())
}

/// Names the domain where the reason speaks of one label of it only, and says what lets domain names be mistaken.
fn in_domain(reason: Reason, label: &str, domain: &str) -> Reason {
    if label.is_empty() {
        return Reason::new(format!("`{domain}` has an empty label"));
    }
    if label.contains('*') {
        let help = "put the `*` at the start, as in `*.example.com`";
        return Reason::new(format!("`{domain}` has a wildcard that is not at its start")).help(help);
    }
    if let Some((host, port)) = domain.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok()) {
        let message = format!("`{domain}` is a host with the port `{port}`, which does not belong here");
        return Reason::new(message).help(format!("write `{host}`"));
    }
    if let Some((scheme, rest)) = domain.split_once("://") {
        let host = rest.split('/').next().unwrap_or(rest);
        let message = format!("`{domain}` is a URL with the scheme `{scheme}`, not a host");
        return Reason::new(message).help(format!("write `{host}`"));
    }
    if label == domain { reason } else { Reason::new(format!("in `{domain}`: {}", reason.message())) }
}

#[cfg(test)]
mod tests {
    use super::{Fqdn, WildcardDomain};

    #[test]
    fn domains_with_and_without_wildcards() {
        let longest = format!("{}.example", vec!["x".repeat(61); 4].join("."));
        let too_long = format!("{}x.example", longest);
        assert_eq!(longest.len(), 255);
        let table = [
            ("reviews", true, true),
            ("Upper.Test", true, true),
            ("example.com.", true, true),
            ("a.b", true, true),
            ("*", false, true),
            ("*.example.com", false, true),
            ("*foo.com", false, true),
            ("*-x.y", false, true),
            ("*.", false, true),
            ("", false, false),
            (".", false, false),
            ("a..b", false, false),
            ("a..", false, false),
            (".a", false, false),
            ("foo.*.com", false, false),
            ("*.*.test", false, false),
            ("foo*.bar.com", false, false),
            ("a_b.com", false, false),
            ("1.2.3", false, false),
            ("10.0.0.1", false, false),
            ("8", false, true),
            ("a.99999999999999999999", true, true),
            ("a.com:80", false, false),
            ("https://a.com/", false, false),
            (&longest, true, true),
            (&too_long, false, false),
        ];
        for (text, fqdn, wildcard) in table {
            assert_eq!((Fqdn::parse(text).is_ok(), WildcardDomain::parse(text).is_ok()), (fqdn, wildcard), "{text}");
        }
    }

    #[test]
    fn says_what_was_mistaken() {
        let table = [
            (
                "foo.*.com",
                "`foo.*.com` has a wildcard that is not at its start",
                Some("put the `*` at the start, as in `*.example.com`"),
            ),
            ("a.com:80", "`a.com:80` is a host with the port `80`, which does not belong here", Some("write `a.com`")),
            (
                "https://a.com/x",
                "`https://a.com/x` is a URL with the scheme `https`, not a host",
                Some("write `a.com`"),
            ),
            (
                "10.0.0.1",
                "`10.0.0.1` ends in the number `1`, which no domain name does",
                Some("write a host name: an address is not legal here"),
            ),
            ("a..b", "`a..b` has an empty label", None),
            ("a_b.com", "in `a_b.com`: `_` cannot be in a domain name, as in `a_b`", None),
        ];
        for (text, message, help) in table {
            let reason = Fqdn::parse(text).unwrap_err();
            assert_eq!((reason.message(), reason.instruction()), (message, help), "{text}");
        }
    }
}
