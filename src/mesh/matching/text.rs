//! Sets of texts, as a `StringMatch` describes them.

use crate::format::language::{Found, TextSet, find};
use crate::model::virtual_service::{StringMatch, StringMatchKind};

use super::pattern::{self, Pattern};
use super::{Search, Verdict};

/// The texts that a condition accepts.
#[derive(Clone, Debug, PartialEq)]
pub struct TextMatch<'m> {
    shape: Shape<'m>,
    /// Only for exact texts and prefixes, which are in lower case then.
    ignores_case: bool,
}

#[derive(Clone, Debug, PartialEq)]
enum Shape<'m> {
    All,
    Exact(String),
    Prefix(String),
    Pattern(Pattern<'m>),
}

impl<'m> TextMatch<'m> {
    pub const ALL: TextMatch<'m> = TextMatch { shape: Shape::All, ignores_case: false };

    pub(super) fn exactly(text: String) -> Self {
        Self { shape: Shape::Exact(text), ignores_case: false }
    }

    pub fn new(text: StringMatchKind<'m>) -> Self {
        let shape = match text {
            StringMatchKind::Exact(text) => Shape::Exact(text.to_owned()),
            StringMatchKind::Prefix("") => Shape::All,
            StringMatchKind::Prefix(text) => Shape::Prefix(text.to_owned()),
            StringMatchKind::Regex(text) => match Pattern::shape(text) {
                pattern::Shape::All => Shape::All,
                pattern::Shape::Exact(text) => Shape::Exact(text),
                pattern::Shape::Prefix(text) => Shape::Prefix(text),
                pattern::Shape::Pattern(pattern) => Shape::Pattern(pattern),
            },
        };
        Self { shape, ignores_case: false }
    }

    /// Of paths. All of them start with `/`, so `prefix: /` is no condition. Case can be ignored in exact paths and
    /// prefixes; regular expressions say themselves whether they care.
    pub fn path(uri: Option<&StringMatch<'m>>, ignores_case: bool) -> Self {
        let Some(kind) = uri.and_then(StringMatch::kind) else { return Self::ALL };
        let is_regex = matches!(kind, StringMatchKind::Regex(_));
        let set = Self::new(kind);
        let shape = match set.shape {
            Shape::Prefix(text) if text == "/" => Shape::All,
            Shape::Prefix(text) if ignores_case && !is_regex => Shape::Prefix(text.to_ascii_lowercase()),
            Shape::Exact(text) if ignores_case && !is_regex => Shape::Exact(text.to_ascii_lowercase()),
            shape => shape,
        };
        let ignores_case = ignores_case && !is_regex && shape != Shape::All;
        Self { shape, ignores_case }
    }

    pub fn is_all(&self) -> bool {
        self.shape == Shape::All
    }

    /// What every text of the set starts with, perhaps in lower case.
    pub(super) fn literal(&self) -> &str {
        match &self.shape {
            Shape::All => "",
            Shape::Exact(text) | Shape::Prefix(text) => text,
            Shape::Pattern(pattern) => pattern.literal(),
        }
    }

    /// Whether what every text of the set starts with is the start of a path.
    pub(super) fn starts_a_path(&self) -> bool {
        let start = self.literal();
        start.is_empty() || start.starts_with('/') && !start.contains(['?', '#'])
    }

    /// Whether some text of the set is a path, as far as can be seen without a search. `false` says nothing.
    pub(super) fn is_plainly_a_path(&self) -> bool {
        match &self.shape {
            Shape::All => true,
            Shape::Exact(_) | Shape::Prefix(_) => self.starts_a_path(),
            Shape::Pattern(pattern) => {
                let has_slash = self.literal().starts_with('/') && self.starts_a_path();
                has_slash && !pattern.may_ask_for_query()
            }
        }
    }

    /// What every text of the set has between two slashes, as far as that is plain to see.
    pub(super) fn segments(&self) -> Vec<&str> {
        match &self.shape {
            Shape::All => Vec::new(),
            Shape::Exact(text) | Shape::Prefix(text) => pattern::segments(text).collect(),
            Shape::Pattern(pattern) => pattern.segments().collect(),
        }
    }

    pub(super) fn is_pattern(&self) -> bool {
        matches!(self.shape, Shape::Pattern(_))
    }

    pub(super) fn exact(&self) -> Option<&str> {
        match &self.shape {
            Shape::Exact(text) => Some(text),
            _ => None,
        }
    }

    /// Whether every text of `other` is in this set.
    pub fn covers(&self, other: &Self, search: Search) -> Verdict {
        // A set that is larger by its case can only be within one that has no letters, or ignores case, too.
        if other.ignores_case && !self.ignores_case && !self.is_pattern() && !self.has_no_case() {
            return Verdict::of(self.is_all());
        }
        let fold = self.ignores_case;
        match (&self.shape, &other.shape) {
            (Shape::All, _) => Verdict::Yes,
            (Shape::Exact(_) | Shape::Prefix(_), Shape::All) | (Shape::Exact(_), Shape::Prefix(_)) => Verdict::No,
            (Shape::Exact(own), Shape::Exact(text)) => Verdict::of(is_equal(text, own, fold)),
            (Shape::Prefix(own), Shape::Exact(text) | Shape::Prefix(text)) => Verdict::of(starts_with(text, own, fold)),
            (Shape::Prefix(own), Shape::Pattern(pattern)) if starts_with(pattern.literal(), own, fold) => Verdict::Yes,
            (Shape::Prefix(own), Shape::Pattern(pattern)) if !starts_with(own, pattern.literal(), fold) => Verdict::No,
            (Shape::Pattern(own), Shape::Pattern(text)) if own == text => Verdict::Yes,
            (Shape::Pattern(own), Shape::Exact(text)) if !other.ignores_case => {
                own.language().map_or(Verdict::Undecided, |own| Verdict::of(own.contains(text)))
            }
            _ => self.searched(other, search, |own, theirs| match own.lacks(theirs) {
                Found::Nothing => Verdict::Yes,
                Found::Text(_) => Verdict::No,
                Found::Undecided => Verdict::Undecided,
            }),
        }
    }

    /// Whether some text is in both sets.
    pub fn meets(&self, other: &Self, search: Search) -> Verdict {
        let fold = self.ignores_case || other.ignores_case;
        let (left, right) = (self.literal(), other.literal());
        match (&self.shape, &other.shape) {
            (Shape::All, Shape::All | Shape::Exact(_) | Shape::Prefix(_))
            | (Shape::Exact(_) | Shape::Prefix(_), Shape::All) => Verdict::Yes,
            (Shape::Exact(_), Shape::Exact(_)) => Verdict::of(is_equal(left, right, fold)),
            (Shape::Exact(_), Shape::Prefix(_)) => Verdict::of(starts_with(left, right, fold)),
            (Shape::Prefix(_), Shape::Exact(_)) => Verdict::of(starts_with(right, left, fold)),
            _ if !(starts_with(left, right, fold) || starts_with(right, left, fold)) => Verdict::No,
            (Shape::Prefix(_), Shape::Prefix(_)) => Verdict::Yes,
            _ => self.searched(other, search, |own, theirs| match own.shares(theirs) {
                Found::Text(_) => Verdict::Yes,
                Found::Nothing => Verdict::No,
                Found::Undecided => Verdict::Undecided,
            }),
        }
    }

    pub(super) fn contains(&self, text: &str) -> Verdict {
        self.covers(&Self::exactly(text.to_owned()), Search::Allowed)
    }

    /// The text of a set that has no other.
    fn only_text(&self) -> Option<&str> {
        self.exact().filter(|_| !self.ignores_case)
    }

    fn searched(&self, other: &Self, search: Search, ask: impl Fn(&TextSet, &TextSet) -> Verdict) -> Verdict {
        match (search, self.language(), other.language()) {
            (Search::Allowed, Some(own), Some(theirs)) => ask(own.as_ref(), theirs.as_ref()),
            _ => Verdict::Undecided,
        }
    }

    fn language(&self) -> Option<Language<'_>> {
        let plain = match &self.shape {
            Shape::All => TextSet::any(),
            Shape::Exact(text) => TextSet::exact(text),
            Shape::Prefix(text) => TextSet::prefix(text),
            Shape::Pattern(pattern) => return pattern.language().map(Language::Kept),
        };
        Some(Language::Made(Box::new(if self.ignores_case { plain.ignoring_case() } else { plain })))
    }

    fn has_no_case(&self) -> bool {
        let text = self.literal();
        !matches!(self.shape, Shape::Pattern(_)) && text.to_ascii_lowercase() == text.to_ascii_uppercase()
    }
}

fn is_equal(left: &str, right: &str, ignore_case: bool) -> bool {
    if ignore_case { left.eq_ignore_ascii_case(right) } else { left == right }
}

fn starts_with(text: &str, start: &str, ignore_case: bool) -> bool {
    text.as_bytes().get(..start.len()).is_some_and(|own| match ignore_case {
        true => own.eq_ignore_ascii_case(start.as_bytes()),
        false => own == start.as_bytes(),
    })
}

/// Whether no text is in every set of `all_of` and in no set of `none_of`.
pub(super) fn none_in(all_of: &[&TextMatch<'_>], none_of: &[&TextMatch<'_>], search: Search) -> Verdict {
    let is_within = |inner: &&TextMatch<'_>| none_of.iter().any(|outer| outer.covers(inner, Search::Never).is_yes());
    if all_of.iter().any(is_within) {
        return Verdict::Yes;
    }
    if let Some(only) = all_of.iter().find_map(|set| set.only_text()) {
        let others = all_of.iter().map(|set| set.contains(only));
        return Verdict::all(others.chain(none_of.iter().map(|set| set.contains(only).not()))).not();
    }
    match (all_of, none_of) {
        ([], []) => Verdict::No,
        ([one], []) if !one.is_pattern() => Verdict::No,
        ([one], [outer]) => outer.covers(one, search),
        ([left, right], []) => left.meets(right, search).not(),
        _ if search == Search::Never => Verdict::Undecided,
        _ => match found(all_of, none_of) {
            Found::Nothing => Verdict::Yes,
            Found::Text(_) => Verdict::No,
            Found::Undecided => Verdict::Undecided,
        },
    }
}

/// A text that is in every set of `all_of` and in no set of `none_of`.
pub(super) fn sample(all_of: &[&TextMatch<'_>], none_of: &[&TextMatch<'_>]) -> Option<String> {
    // An example of one set is mostly in all of them.
    let is_one = |text: &String| {
        let all = all_of.iter().all(|set| set.contains(text).is_yes());
        all && none_of.iter().all(|set| set.contains(text) == Verdict::No)
    };
    if let Some(example) = all_of.iter().find_map(|set| set.language()?.as_ref().example().filter(is_one)) {
        return Some(example);
    }
    match found(all_of, none_of) {
        Found::Text(text) => Some(text),
        Found::Nothing | Found::Undecided => None,
    }
}

fn found(all_of: &[&TextMatch<'_>], none_of: &[&TextMatch<'_>]) -> Found {
    let (Some(all_of), Some(none_of)) = (languages(all_of), languages(none_of)) else { return Found::Undecided };
    let all_of: Vec<_> = all_of.iter().map(Language::as_ref).collect();
    let none_of: Vec<_> = none_of.iter().map(Language::as_ref).collect();
    find(&all_of, &none_of)
}

/// `None` if one of them is not a legal pattern.
fn languages<'s>(sets: &[&'s TextMatch<'_>]) -> Option<Vec<Language<'s>>> {
    sets.iter().map(|set| set.language()).collect()
}

/// A language that is kept where it was made, or not.
enum Language<'s> {
    Kept(&'s TextSet),
    Made(Box<TextSet>),
}

impl AsRef<TextSet> for Language<'_> {
    fn as_ref(&self) -> &TextSet {
        match self {
            Language::Kept(set) => set,
            Language::Made(set) => set,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use StringMatchKind::{Exact, Prefix, Regex};

    #[test]
    fn sets_of_texts_compare() {
        // Larger?, smaller?, whether the first covers the second, whether they meet.
        let cases = [
            (Exact("/a"), Exact("/a"), Verdict::Yes, Verdict::Yes),
            (Exact("/a"), Exact("/b"), Verdict::No, Verdict::No),
            (Prefix("/a"), Exact("/ab"), Verdict::Yes, Verdict::Yes),
            (Prefix("/a"), Prefix("/a/b"), Verdict::Yes, Verdict::Yes),
            (Prefix("/a/b"), Prefix("/a"), Verdict::No, Verdict::Yes),
            (Exact("/a"), Prefix("/a"), Verdict::No, Verdict::Yes),
            (Regex("/items/.*"), Exact("/items/latest"), Verdict::Yes, Verdict::Yes),
            (Regex("/items/[0-9]+"), Exact("/items/latest"), Verdict::No, Verdict::No),
            (Regex("/items/[0-9]+"), Exact("/items/12"), Verdict::Yes, Verdict::Yes),
            (Prefix("/items"), Regex("/items/[0-9]+"), Verdict::Yes, Verdict::Yes),
            (Prefix("/items/1"), Regex("/items/[0-9]+"), Verdict::No, Verdict::Yes),
            (Prefix("/other"), Regex("/items/[0-9]+"), Verdict::No, Verdict::No),
            (Regex("[a-z]+"), Regex("[a-z]+"), Verdict::Yes, Verdict::Yes),
            (Regex("[a-z]+"), Regex("[a-y]+"), Verdict::Yes, Verdict::Yes),
            (Regex("/v[12]/.*"), Prefix("/v1/"), Verdict::Yes, Verdict::Yes),
            (Regex("/v[12]/.*"), Regex("/v(2|3)/a"), Verdict::No, Verdict::Yes),
            (Regex(".*"), Regex("[a-y]+"), Verdict::Yes, Verdict::Yes),
        ];
        for (left, right, covers, meets) in cases {
            let (left_set, right_set) = (TextMatch::new(left), TextMatch::new(right));
            assert_eq!(left_set.covers(&right_set, Search::Allowed), covers, "{left:?} covers {right:?}");
            assert_eq!(left_set.meets(&right_set, Search::Allowed), meets, "{left:?} meets {right:?}");
            assert_eq!(right_set.meets(&left_set, Search::Allowed), meets, "{right:?} meets {left:?}");
        }
    }
}
