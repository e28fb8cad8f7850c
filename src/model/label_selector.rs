//! `metav1.LabelSelector` of Kubernetes, as webhooks and routes of Gateway API have it.

use super::read::{Labels, Str, message};

message! {
    pub struct LabelSelector<'a> {
        match_labels: Labels<'a>,
        match_expressions: Vec<Requirement<'a>>,
    }

    pub struct Requirement<'a> {
        key: Option<Str<'a>>,
        operator: Option<Str<'a>>,
        values: Vec<Str<'a>>,
    }
}

impl LabelSelector<'_> {
    /// Whether an object with these labels is selected; without any requirement everything is.
    pub fn selects<'l>(&self, label: impl Fn(&str) -> Option<&'l str>) -> bool {
        let equal = self.match_labels.iter().all(|(key, value)| label(key.value) == Some(value.value));
        equal && self.match_expressions.iter().all(|requirement| requirement.holds(&label))
    }
}

impl Requirement<'_> {
    fn holds<'l>(&self, label: impl Fn(&str) -> Option<&'l str>) -> bool {
        let found = self.key.and_then(|key| label(key.value));
        let listed = found.is_some_and(|found| self.values.iter().any(|value| value.value == found));
        match self.operator.map(|operator| operator.value) {
            Some("In") => listed,
            Some("NotIn") => !listed,
            Some("Exists") => found.is_some(),
            Some("DoesNotExist") => found.is_none(),
            _ => false,
        }
    }
}
