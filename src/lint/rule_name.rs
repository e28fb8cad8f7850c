use std::fmt;
use std::str::FromStr;

use serde::Deserialize;
use serde::de::Error as _;

use crate::rules;

/// What a user calls rules by: the name of one, a code of another tool, an older name or a category. It means at least
/// one rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RuleName {
    name: String,
    ids: Vec<&'static str>,
}

/// No rule has the name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownRule {
    pub name: String,
    /// What was probably meant.
    pub near: Option<&'static str>,
}

impl RuleName {
    /// The ids of the rules.
    pub fn ids(&self) -> impl Iterator<Item = &'static str> {
        self.ids.iter().copied()
    }

    /// Whether it is the name of a rule, and so means no other.
    pub(super) fn is_exact(&self) -> bool {
        self.ids.contains(&self.name.as_str())
    }
}

impl FromStr for RuleName {
    type Err = UnknownRule;

    fn from_str(name: &str) -> Result<Self, UnknownRule> {
        let ids: Vec<_> = rules::named(name).into_iter().map(|rule| rule.id).collect();
        match ids.is_empty() {
            true => Err(UnknownRule { name: name.to_owned(), near: rules::nearest_name(name) }),
            false => Ok(Self { name: name.to_owned(), ids }),
        }
    }
}

impl<'de> Deserialize<'de> for RuleName {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl fmt::Display for UnknownRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.near {
            Some(near) => write!(f, "no rule `{}`, did you mean `{near}`?", self.name),
            None => write!(f, "no rule `{}`; `meshlint rules` lists them", self.name),
        }
    }
}

impl std::error::Error for UnknownRule {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_have_many_names() {
        for name in ["destination-host-not-found", "KIA1101", "ist0101", "vs-mirror-host-not-found", "hosts"] {
            let ids: Vec<_> = name.parse::<RuleName>().unwrap().ids().collect();
            assert!(ids.contains(&"destination-host-not-found"), "{name}: {ids:?}");
        }
    }

    #[test]
    fn near_names_are_suggested() {
        let message = |name: &str| name.parse::<RuleName>().unwrap_err().to_string();
        assert_eq!(message("duplicate-keys"), "no rule `duplicate-keys`, did you mean `duplicate-key`?");
        assert_eq!(message("weather"), "no rule `weather`; `meshlint rules` lists them");
    }
}
