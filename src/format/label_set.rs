use super::Reason;
use super::label::{KubernetesName, shape};
use super::text::{only, text_type};

/// The key of a label, as Istio checks those of subsets, workloads and endpoints (`validateTagKey` in
/// pkg/config/labels/instance.go): a name of at most 63 bytes, with an optional DNS name of at most 253 and `/` in front.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LabelKey<'a>(&'a str);

text_type!(LabelKey);

impl<'a> LabelKey<'a> {
    pub fn parse(text: &'a str) -> Result<Self, Reason> {
        let (prefix, name) = parts(text);
        if let Some(prefix) = prefix {
            at_most(253, prefix)?;
            prefix.split('.').try_for_each(|label| shape(label, "the prefix of a label's key"))?;
        }
        at_most(63, name)?;
        if name.is_empty() {
            return Err(Reason::new(if text.is_empty() {
                "the key of a label cannot be empty".into()
            } else {
                format!("`{text}` has no name after the `/`")
            }));
        }
        qualified(name, "the key of a label")?;
        Ok(Self(text))
    }

    /// What Kubernetes asks more of the labels of its objects: no upper case in the prefix.
    pub fn kubernetes(self) -> Result<Self, Reason> {
        match parts(self.0).0 {
            Some(prefix) => KubernetesName::parse(prefix).map(|_| self),
            None => Ok(self),
        }
    }
}

/// The value of a label (`labelValueRegexp` there): empty, or letters, digits, and inner `-`, `_`, `.`. Istio sets no
/// limit to its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LabelValue<'a>(&'a str);

text_type!(LabelValue);

impl<'a> LabelValue<'a> {
    pub fn parse(text: &'a str) -> Result<Self, Reason> {
        qualified(text, "the value of a label")?;
        Ok(Self(text))
    }

    /// What Kubernetes asks more: at most 63 bytes.
    pub fn kubernetes(self) -> Result<Self, Reason> {
        at_most(63, self.0).map(|()| self)
    }
}

fn parts(key: &str) -> (Option<&str>, &str) {
    key.split_once('/').map_or((None, key), |(prefix, name)| (Some(prefix), name))
}

fn at_most(limit: usize, text: &str) -> Result<(), Reason> {
    if text.len() > limit {
        return Err(Reason::new(format!("{} bytes are more than the {limit} that are allowed here", text.len())));
    }
    Ok(())
}

fn qualified(text: &str, what: &str) -> Result<(), Reason> {
    only(text, what, |c| c.is_ascii_alphanumeric() || "-_.".contains(c))?;
    match text.trim_matches(['-', '_', '.']) == text {
        true => Ok(()),
        false => Err(Reason::new(format!("{what} starts and ends with a letter or digit, unlike `{text}`"))),
    }
}

#[cfg(test)]
mod tests {
    use super::{LabelKey, LabelValue};

    #[test]
    fn keys_of_labels() {
        let longest = format!("{}/{}", "x".repeat(253), "y".repeat(63));
        let long_prefix = format!("{}/y", "x".repeat(254));
        let long_name = "y".repeat(64);
        // Text, whether Istio takes it, whether Kubernetes does.
        let table = [
            ("app", true, true),
            ("a_b.C-d", true, true),
            ("app.kubernetes.io/name", true, true),
            ("Example.com/x", true, false),
            (&longest, true, true),
            (&long_prefix, false, false),
            (&long_name, false, false),
            ("", false, false),
            ("/x", false, false),
            ("x/", false, false),
            ("a/b/c", false, false),
            ("a_b/c", false, false),
            ("-a", false, false),
            ("a.", false, false),
            ("a b", false, false),
        ];
        for (text, istio, kubernetes) in table {
            let key = LabelKey::parse(text);
            assert_eq!((key.is_ok(), key.and_then(LabelKey::kubernetes).is_ok()), (istio, kubernetes), "{text}");
        }
    }

    #[test]
    fn values_of_labels() {
        let long = "x".repeat(64);
        let table = [
            ("", true, true),
            ("v1", true, true),
            ("C_d.e-1", true, true),
            (&long, true, false),
            ("c d", false, false),
            ("*", false, false),
            ("-v1", false, false),
            ("v1_", false, false),
            ("é", false, false),
        ];
        for (text, istio, kubernetes) in table {
            let value = LabelValue::parse(text);
            assert_eq!((value.is_ok(), value.and_then(LabelValue::kubernetes).is_ok()), (istio, kubernetes), "{text}");
        }
    }
}
