use super::Reason;
use super::text::{only, text_type};

const LIMIT: usize = 63;

/// A DNS label as Istio reads it (`IsDNS1123Label` in pkg/config/labels/instance.go): letters, digits and inner `-`, at
/// most 63 bytes. Upper case is legal, unlike in Kubernetes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DnsLabel<'a>(&'a str);

text_type!(DnsLabel);

impl<'a> DnsLabel<'a> {
    pub fn parse(text: &'a str) -> Result<Self, Reason> {
        check(text, "a DNS label")?;
        Ok(Self(text))
    }
}

/// The first label of a host that may be a wildcard: `*`, or a [`DnsLabel`] with `*` or `*-` in front of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WildcardLabel<'a>(&'a str);

text_type!(WildcardLabel);

impl<'a> WildcardLabel<'a> {
    pub fn parse(text: &'a str) -> Result<Self, Reason> {
        if let Some(rest) = text.strip_prefix('*').filter(|rest| !rest.is_empty()) {
            short_enough(text)?;
            check(rest.strip_prefix('-').unwrap_or(rest), "a DNS label")?;
        } else if text != "*" {
            check(text, "a DNS label")?;
        }
        Ok(Self(text))
    }
}

/// A label as Kubernetes wants it for the names of namespaces and services (RFC 1123, lower case only).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KubernetesLabel<'a>(&'a str);

text_type!(KubernetesLabel);

impl<'a> KubernetesLabel<'a> {
    pub fn parse(text: &'a str) -> Result<Self, Reason> {
        check(text, "a DNS label")?;
        lower_case(text)?;
        Ok(Self(text))
    }
}

/// The name of most Kubernetes objects: [`KubernetesLabel`]s joined by `.`, at most 253 bytes in all
/// (`IsDNS1123Subdomain` in k8s.io/apimachinery, where the single labels have no limit of their own).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KubernetesName<'a>(&'a str);

text_type!(KubernetesName);

impl<'a> KubernetesName<'a> {
    pub fn parse(text: &'a str) -> Result<Self, Reason> {
        if text.len() > 253 {
            return Err(Reason::new(format!("a name of {} bytes is longer than 253", text.len())));
        }
        for label in text.split('.') {
            shape(label, "a name of Kubernetes")?;
        }
        lower_case(text)?;
        Ok(Self(text))
    }
}

/// Whether `label` is a [`DnsLabel`], without words.
pub(super) fn is_dns_label(label: &str) -> bool {
    label.len() <= LIMIT
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !label.is_empty()
        && !label.starts_with('-')
        && !label.ends_with('-')
}

pub(super) fn check(label: &str, what: &str) -> Result<(), Reason> {
    if is_dns_label(label) {
        return Ok(());
    }
    short_enough(label)?;
    shape(label, what)
}

pub(super) fn shape(label: &str, what: &str) -> Result<(), Reason> {
    if label.is_empty() {
        return Err(Reason::new(format!("{what} cannot be empty")));
    }
    only(label, what, |c| c.is_ascii_alphanumeric() || c == '-')?;
    if label.starts_with('-') || label.ends_with('-') {
        return Err(Reason::new(format!("`{label}` starts or ends with `-`")));
    }
    Ok(())
}

fn short_enough(label: &str) -> Result<(), Reason> {
    match label.len() {
        ..=LIMIT => Ok(()),
        length => Err(Reason::new(format!("a DNS label of {length} bytes is longer than {LIMIT}"))),
    }
}

fn lower_case(text: &str) -> Result<(), Reason> {
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        let reason = Reason::new(format!("`{text}` has upper case letters, which Kubernetes refuses"));
        return Err(reason.help(format!("write `{}`", text.to_ascii_lowercase())));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{DnsLabel, KubernetesLabel, KubernetesName, WildcardLabel};

    #[test]
    fn labels_of_each_kind() {
        let long = "x".repeat(63);
        let longer = "x".repeat(64);
        let wild = format!("*{}", "x".repeat(62));
        let wilder = format!("*{long}");
        // Text, as Istio's label, with a wildcard, as Kubernetes' label, as a name in Kubernetes.
        let table = [
            ("reviews", true, true, true, true),
            ("Reviews", true, true, false, false),
            ("a", true, true, true, true),
            ("0-9", true, true, true, true),
            ("", false, false, false, false),
            ("-a", false, false, false, false),
            ("a-", false, false, false, false),
            ("a_b", false, false, false, false),
            ("a.b", false, false, false, true),
            ("a..b", false, false, false, false),
            ("*", false, true, false, false),
            ("*foo", false, true, false, false),
            ("*-foo", false, true, false, false),
            ("*--foo", false, false, false, false),
            ("*-", false, false, false, false),
            ("foo*", false, false, false, false),
            ("**", false, false, false, false),
            ("é", false, false, false, false),
            (&long, true, true, true, true),
            (&longer, false, false, false, true),
            (&wild, false, true, false, false),
            (&wilder, false, false, false, false),
        ];
        for (text, dns, wildcard, kubernetes, name) in table {
            let actual = (
                DnsLabel::parse(text).is_ok(),
                WildcardLabel::parse(text).is_ok(),
                KubernetesLabel::parse(text).is_ok(),
                KubernetesName::parse(text).is_ok(),
            );
            assert_eq!(actual, (dns, wildcard, kubernetes, name), "{text}");
        }
        assert_eq!(DnsLabel::parse("a b").unwrap_err().message(), "` ` cannot be in a DNS label, as in `a b`");
        assert_eq!(KubernetesLabel::parse("Ab").unwrap_err().instruction(), Some("write `ab`"));
    }
}
