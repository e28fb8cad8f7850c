//! Conditions on values that may be absent: headers and query parameters.

use crate::model::virtual_service::{StringMatch, StringMatchKind};

use super::text::{self, TextMatch};
use super::{Search, Verdict};

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

    /// Whether a value, or the lack of one, meets this.
    fn accepts(&self, value: Option<&str>) -> Verdict {
        match (self, value) {
            (Condition::Present, value) => Verdict::of(value.is_some()),
            (Condition::Absent, value) => Verdict::of(value.is_none()),
            (Condition::In(_), None) => Verdict::No,
            (Condition::In(set), Some(value)) => set.contains(value),
            (Condition::NotIn(set), value) => set.contains(value.unwrap_or_default()).not(),
        }
    }

    /// Whether all that is left by other conditions on the name meets this.
    fn follows_from(&self, left: &Values<'_, 'm>, search: Search) -> Verdict {
        let absent = left.absent.not().max(self.accepts(None));
        let sets = |more: Option<&TextMatch<'m>>, less: Option<&TextMatch<'m>>| {
            let all_of: Vec<_> = left.all_of.iter().copied().chain(more).collect();
            let none_of: Vec<_> = left.none_of.iter().copied().chain(less).collect();
            text::none_in(&all_of, &none_of, search)
        };
        let present = match self {
            _ if !left.present => Verdict::Yes,
            Condition::Present => Verdict::Yes,
            Condition::Absent => sets(None, None),
            Condition::In(set) => sets(None, Some(set)),
            Condition::NotIn(set) => sets(Some(set), None),
        };
        absent.min(present)
    }
}

/// What all conditions on one name together leave.
struct Values<'c, 'm> {
    /// Whether the name may be absent.
    absent: Verdict,
    /// Whether the name may have values: those of all of these sets and of none of those.
    present: bool,
    all_of: Vec<&'c TextMatch<'m>>,
    none_of: Vec<&'c TextMatch<'m>>,
    /// Whether some condition asks for a value.
    is_needed: bool,
}

impl<'c, 'm> Values<'c, 'm> {
    fn new(name: &str, conditions: impl Iterator<Item = &'c Condition<'m>>) -> Self
    where
        'm: 'c,
    {
        // Every request has the pseudo-headers.
        let absent = Verdict::of(!name.starts_with(':'));
        let mut values = Self { absent, present: true, all_of: Vec::new(), none_of: Vec::new(), is_needed: false };
        for condition in conditions {
            values.absent = values.absent.min(condition.accepts(None));
            match condition {
                Condition::Present => {}
                Condition::Absent => values.present = false,
                Condition::In(set) => values.all_of.push(set),
                Condition::NotIn(set) => values.none_of.push(set),
            }
            values.is_needed |= matches!(condition, Condition::Present | Condition::In(_));
        }
        values
    }

    /// Whether anything is left.
    fn is_possible(&self, search: Search) -> Verdict {
        let present = || match self.present {
            true => text::none_in(&self.all_of, &self.none_of, search).not(),
            false => Verdict::No,
        };
        if self.absent.is_yes() { Verdict::Yes } else { self.absent.max(present()) }
    }

    /// One of the values; `None` inside if the name is better absent.
    fn sample(&self) -> Option<Option<String>> {
        if self.absent.is_yes() && !self.is_needed {
            return Some(None);
        }
        let any = ["1", "x"].into_iter().find(|any| {
            let none = self.none_of.iter().all(|set| set.contains(any) == Verdict::No);
            none && self.all_of.iter().all(|set| set.contains(any).is_yes())
        });
        match any {
            _ if !self.present => None,
            Some(any) => Some(Some(any.to_owned())),
            None => text::sample(&self.all_of, &self.none_of).map(Some),
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

    /// The distinct names.
    fn names(&self) -> impl Iterator<Item = &str> {
        let repeated = |at: usize| at > 0 && self.0[at - 1].0 == self.0[at].0;
        self.0.iter().enumerate().filter(move |(at, _)| !repeated(*at)).map(|(_, (name, _))| name.as_str())
    }

    /// Whether all that meets `other` meets these.
    pub fn follow_from(&self, other: &Self, search: Search) -> Verdict {
        Verdict::all(self.iter().map(|(name, condition)| match has_many_values(name) {
            // One value may meet one condition, and another value another condition.
            true => Verdict::any(other.of(name).map(|theirs| {
                let left = Values::new(name, std::iter::once(theirs));
                condition.follows_from(&left, search)
            })),
            false => condition.follows_from(&Values::new(name, other.of(name)), search),
        }))
    }

    /// Whether something can meet these and `other`.
    pub fn meet(&self, other: &Self, search: Search) -> Verdict {
        let names = self.names().chain(other.names());
        Verdict::all(names.map(|name| match has_many_values(name) {
            true => Verdict::all(self.of(name).chain(other.of(name)).map(|condition| {
                let left = Values::new(name, std::iter::once(condition));
                left.is_possible(search)
            })),
            false => Values::new(name, self.of(name).chain(other.of(name))).is_possible(search),
        }))
    }

    /// Whether all of these hold for the values.
    pub(super) fn accept(&self, values: &[(String, String)]) -> Verdict {
        let of = |name: &str| values.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str());
        Verdict::all(self.iter().map(|(name, condition)| condition.accepts(of(name))))
    }

    /// A value for each name that has to have one.
    pub(super) fn sample(&self) -> Option<Vec<(String, String)>> {
        let values = self.names().map(|name| Some((name, Values::new(name, self.of(name)).sample()?)));
        let values = values.collect::<Option<Vec<_>>>()?;
        Some(values.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect())
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

/// Claims of tokens are lists.
fn has_many_values(name: &str) -> bool {
    name.starts_with('@')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conditions<'m>(list: &[&Condition<'m>]) -> Conditions<'m> {
        Conditions::new(list.iter().map(|condition| ("x".to_owned(), (*condition).clone())))
    }

    #[test]
    fn conditions_follow_from_others() {
        let set = |text| TextMatch::new(StringMatchKind::Exact(text));
        let regex = |text| TextMatch::new(StringMatchKind::Regex(text));
        let (a, b) = (Condition::In(set("a")), Condition::In(set("b")));
        let (not_a, not_b) = (Condition::NotIn(set("a")), Condition::NotIn(set("b")));
        let (either, not_empty) = (Condition::In(regex("a|b")), Condition::NotIn(set("")));
        let (present, absent) = (Condition::Present, Condition::Absent);
        let cases: [(&[&Condition<'_>], &[&Condition<'_>], Verdict, Verdict); 14] = [
            (&[&present], &[&a], Verdict::Yes, Verdict::Yes),
            (&[&a], &[&present], Verdict::No, Verdict::Yes),
            (&[&a], &[&b], Verdict::No, Verdict::No),
            (&[&not_a], &[&b], Verdict::Yes, Verdict::Yes),
            (&[&not_a], &[&a], Verdict::No, Verdict::No),
            (&[&not_a], &[&not_b], Verdict::No, Verdict::Yes),
            (&[&not_a], &[&absent], Verdict::Yes, Verdict::Yes),
            (&[&not_empty], &[&absent], Verdict::No, Verdict::No),
            (&[&absent], &[&not_a], Verdict::No, Verdict::Yes),
            (&[&present], &[&absent], Verdict::No, Verdict::No),
            (&[&present], &[&not_empty], Verdict::Yes, Verdict::Yes),
            // Two conditions on one name leave less than each of them.
            (&[&b], &[&either, &not_a], Verdict::Yes, Verdict::Yes),
            (&[&either], &[&not_a, &not_b], Verdict::No, Verdict::No),
            (&[&a], &[&either, &not_b], Verdict::Yes, Verdict::Yes),
        ];
        for (left, right, follows, meets) in cases {
            let (own, theirs) = (conditions(left), conditions(right));
            assert_eq!(own.follow_from(&theirs, Search::Allowed), follows, "{left:?} follow from {right:?}");
            assert_eq!(own.meet(&theirs, Search::Allowed), meets, "{left:?} meet {right:?}");
        }
    }

    #[test]
    fn pseudo_headers_are_always_present() {
        let present = Conditions::new([(":method".to_owned(), Condition::Present)]);
        let header = Conditions::new([("x".to_owned(), Condition::Present)]);
        assert_eq!(present.follow_from(&Conditions::default(), Search::Never), Verdict::Yes);
        assert_eq!(header.follow_from(&Conditions::default(), Search::Never), Verdict::No);
    }

    #[test]
    fn claims_may_have_several_values() {
        let claim = |text| {
            ("@request.auth.claims.group".to_owned(), Condition::In(TextMatch::new(StringMatchKind::Exact(text))))
        };
        let (admin, user) = (Conditions::new([claim("admin")]), Conditions::new([claim("user")]));
        assert_eq!(admin.meet(&user, Search::Allowed), Verdict::Yes);
        assert_eq!(admin.follow_from(&user, Search::Allowed), Verdict::No);
    }
}
