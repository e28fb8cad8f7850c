use std::fmt;

use super::Reason;

/// A version of Istio: `1.31`, `1.31.2`, also `v1.31.2-alpha.0`, of which only the numbers count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IstioVersion {
    pub minor: u16,
    pub patch: u16,
}

impl IstioVersion {
    /// What this meshlint knows best.
    pub const LATEST: Self = Self { minor: 31, patch: 0 };

    pub fn parse(text: &str) -> Result<Self, Reason> {
        let numbers = text.strip_prefix('v').unwrap_or(text).split(['-', '+']).next().unwrap_or_default();
        let numbers: Vec<u16> = numbers.split('.').map(str::parse).collect::<Result<_, _>>().unwrap_or_default();
        match numbers[..] {
            [1, minor] => Ok(Self { minor, patch: 0 }),
            [1, minor, patch] => Ok(Self { minor, patch }),
            _ => {
                let reason = Reason::new(format!("`{text}` is not a version of Istio"));
                Err(reason.help(format!("write `{}` or `{}.2`", Self::LATEST, Self::LATEST)))
            }
        }
    }
}

impl fmt::Display for IstioVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.patch {
            0 => write!(f, "1.{}", self.minor),
            patch => write!(f, "1.{}.{patch}", self.minor),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_numbers_with_dots() {
        for (text, shown) in [
            ("1.31", Some("1.31")),
            ("1.31.0", Some("1.31")),
            ("v1.9.2-alpha.0", Some("1.9.2")),
            ("1", None),
            ("2.0", None),
            ("1.x", None),
            ("", None),
        ] {
            assert_eq!(IstioVersion::parse(text).ok().map(|version| version.to_string()).as_deref(), shown, "{text}");
        }
    }
}
