//! Conditions on values that may be absent: headers and query parameters.

use crate::model::virtual_service::{StringMatch, StringMatchKind};

use super::{Search, TextMatch, Verdict};

/// What is asked of the value of one name.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition<'m> {
    Present,
    Absent,
    In(TextMatch<'m>),
    /// Not a value of the set. An absent value is compared as the empty text (istiod sets
    /// `treat_missing_header_as_empty` for `withoutHeaders`).
    NotIn(TextMatch<'m>),
}

impl<'m> Condition<'m> {
    /// Of `headers` and `queryParams`. Nothing, and the regular expression `*`, ask for presence.
    pub(super) fn positive(text: &StringMatch<'m>) -> Self {
        match text.kind() {
            None | Some(StringMatchKind::Regex("*")) => Condition::Present,
            Some(kind) => Condition::In(TextMatch::new(kind)),
        }
    }

    /// Of `withoutHeaders`.
    pub(super) fn negative(text: &StringMatch<'m>) -> Self {
        match text.kind() {
            None | Some(StringMatchKind::Regex("*")) => Condition::Absent,
            Some(kind) => Condition::NotIn(TextMatch::new(kind)),
        }
    }

    /// Whether a value that meets `other` meets this.
    fn follows_from(&self, other: &Self, search: Search) -> Verdict {
        use Condition::{Absent, In, NotIn, Present};
        match (self, other) {
            (Present, Present | In(_)) | (Absent, Absent) => Verdict::Yes,
            (In(own), In(text)) => own.covers(text, search),
            (In(own), Present) if own.is_all() => Verdict::Yes,
            (NotIn(own), NotIn(text)) => text.covers(own, search),
            (NotIn(own), In(text)) => own.meets(text, search).not(),
            (NotIn(own), Absent) => own.contains("").not(),
            (Absent, NotIn(text)) if text.is_all() => Verdict::Undecided,
            (Present | In(_), NotIn(_) | Absent) | (In(_) | NotIn(_), Present) | (Absent, _) => Verdict::No,
        }
    }

    /// Whether some value, or none, meets both.
    fn meets(&self, other: &Self) -> Verdict {
        use Condition::{Absent, In, NotIn, Present};
        match (self, other) {
            (In(left), In(right)) => left.meets(right, Search::Allowed),
            (In(own), NotIn(text)) | (NotIn(text), In(own)) => text.covers(own, Search::Allowed).not(),
            (Absent, NotIn(text)) | (NotIn(text), Absent) => text.contains("").not(),
            (Absent, Present | In(_)) | (Present | In(_), Absent) => Verdict::No,
            (NotIn(text), Present) | (Present, NotIn(text)) => Verdict::of(!text.is_all()),
            (NotIn(_), NotIn(_)) => Verdict::Undecided,
            (Present, Present | In(_)) | (In(_), Present) | (Absent, Absent) => Verdict::Yes,
        }
    }
}

/// Conditions by name, in the order of names; a name may have several, all of which must hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Conditions<'m>(Vec<(String, Condition<'m>)>);

impl<'m> Conditions<'m> {
    pub(super) fn new(conditions: impl IntoIterator<Item = (String, Condition<'m>)>) -> Self {
        let mut conditions: Vec<_> = conditions.into_iter().collect();
        conditions.sort_by(|(left, _), (right, _)| left.cmp(right));
        Self(conditions)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Condition<'m>)> {
        self.0.iter().map(|(name, condition)| (name.as_str(), condition))
    }

    pub fn of<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s Condition<'m>> {
        let start = self.0.partition_point(|(own, _)| own.as_str() < name);
        self.0[start..].iter().take_while(move |(own, _)| own == name).map(|(_, condition)| condition)
    }

    /// Whether all that meets `other` meets these.
    pub fn follow_from(&self, other: &Self, search: Search) -> Verdict {
        Verdict::all(self.iter().map(|(name, condition)| {
            let known = Verdict::any(other.of(name).map(|theirs| condition.follows_from(theirs, search)));
            // Every request has these.
            if *condition == Condition::Present && name.starts_with(':') { Verdict::Yes } else { known }
        }))
    }

    /// Whether something can meet these and `other`.
    pub fn meet(&self, other: &Self) -> Verdict {
        Verdict::all(self.iter().flat_map(|(name, condition)| {
            // A claim may have several values, of which one meets the one condition, and another the other.
            let single = !name.starts_with('@');
            other.of(name).filter(move |_| single).map(|theirs| condition.meets(theirs))
        }))
    }

    pub(super) fn extend(&mut self, other: &Self) {
        let all = std::mem::take(&mut self.0).into_iter().chain(other.0.iter().cloned());
        *self = Self::new(all);
    }

    /// The exact values that are asked for.
    pub(super) fn exact(&self) -> impl Iterator<Item = (&str, &str)> {
        self.iter().filter_map(|(name, condition)| match condition {
            Condition::In(text) => Some((name, text.exact()?)),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_follow_from_others() {
        let set = |text| TextMatch::new(StringMatchKind::Exact(text));
        let (a, b) = (Condition::In(set("a")), Condition::In(set("b")));
        let (not_a, not_b) = (Condition::NotIn(set("a")), Condition::NotIn(set("b")));
        let not_empty = Condition::NotIn(set(""));
        let (present, absent) = (Condition::Present, Condition::Absent);
        let cases = [
            (&present, &a, Verdict::Yes, Verdict::Yes),
            (&a, &present, Verdict::No, Verdict::Yes),
            (&a, &b, Verdict::No, Verdict::No),
            (&not_a, &b, Verdict::Yes, Verdict::Yes),
            (&not_a, &a, Verdict::No, Verdict::No),
            (&not_a, &not_b, Verdict::No, Verdict::Undecided),
            (&not_a, &absent, Verdict::Yes, Verdict::Yes),
            (&not_empty, &absent, Verdict::No, Verdict::No),
            (&absent, &not_a, Verdict::No, Verdict::Yes),
            (&present, &absent, Verdict::No, Verdict::No),
        ];
        for (left, right, follows, meets) in cases {
            assert_eq!(left.follows_from(right, Search::Allowed), follows, "{left:?} follows from {right:?}");
            assert_eq!(left.meets(right), meets, "{left:?} meets {right:?}");
        }
    }

    #[test]
    fn pseudo_headers_are_always_present() {
        let present = Conditions::new([(":method".to_owned(), Condition::Present)]);
        let header = Conditions::new([("x".to_owned(), Condition::Present)]);
        assert_eq!(present.follow_from(&Conditions::default(), Search::Never), Verdict::Yes);
        assert_eq!(header.follow_from(&Conditions::default(), Search::Never), Verdict::No);
    }
}
