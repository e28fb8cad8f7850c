//! Sets of texts, as a `StringMatch` describes them.

use crate::model::virtual_service::{StringMatch, StringMatchKind};

use super::Verdict;
use super::pattern::{self, Pattern};

/// The texts that a condition accepts.
#[derive(Clone, Debug, PartialEq)]
pub struct TextSet<'m> {
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

impl<'m> TextSet<'m> {
    pub const ALL: TextSet<'m> = TextSet { shape: Shape::All, ignores_case: false };

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
            Shape::Prefix(text) if ignores_case && !is_regex => Shape::Prefix(text.to_lowercase()),
            Shape::Exact(text) if ignores_case && !is_regex => Shape::Exact(text.to_lowercase()),
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
    pub fn covers(&self, other: &Self) -> Verdict {
        // A set that is larger by its case can only be within one that has no letters, or ignores case, too.
        if other.ignores_case && !self.ignores_case && !self.has_no_case() {
            return match &self.shape {
                Shape::All => Verdict::Yes,
                Shape::Exact(_) | Shape::Prefix(_) => Verdict::No,
                Shape::Pattern(_) => Verdict::Undecided,
            };
        }
        let fold = |text: &str| if self.ignores_case { text.to_lowercase() } else { text.to_owned() };
        match (&self.shape, &other.shape) {
            (Shape::All, _) => Verdict::Yes,
            (_, Shape::All) => match &self.shape {
                Shape::Pattern(_) => Verdict::Undecided,
                _ => Verdict::No,
            },
            (Shape::Exact(own), Shape::Exact(text)) => Verdict::of(*own == fold(text)),
            (Shape::Exact(_), Shape::Prefix(_)) => Verdict::No,
            (Shape::Prefix(own), Shape::Exact(text) | Shape::Prefix(text)) => Verdict::of(fold(text).starts_with(own)),
            (Shape::Prefix(own), Shape::Pattern(pattern)) if fold(pattern.literal()).starts_with(own) => Verdict::Yes,
            (Shape::Prefix(own), Shape::Pattern(pattern)) if !own.starts_with(&fold(pattern.literal())) => Verdict::No,
            (Shape::Pattern(own), Shape::Exact(text)) => own.matches(text).map_or(Verdict::Undecided, Verdict::of),
            // The prefix itself is one of its texts.
            (Shape::Pattern(own), Shape::Prefix(text)) if own.matches(text) == Some(false) => Verdict::No,
            (Shape::Pattern(own), Shape::Pattern(text)) if own == text => Verdict::Yes,
            (Shape::Exact(_) | Shape::Prefix(_) | Shape::Pattern(_), Shape::Prefix(_) | Shape::Pattern(_)) => {
                Verdict::Undecided
            }
        }
    }

    /// Whether some text is in both sets.
    pub fn meets(&self, other: &Self) -> Verdict {
        let fold = self.ignores_case || other.ignores_case;
        let text = |text: &str| if fold { text.to_lowercase() } else { text.to_owned() };
        match (&self.shape, &other.shape) {
            (Shape::All, _) | (_, Shape::All) => Verdict::Yes,
            (Shape::Exact(left), Shape::Exact(right)) => Verdict::of(text(left) == text(right)),
            (Shape::Exact(exact), Shape::Prefix(prefix)) | (Shape::Prefix(prefix), Shape::Exact(exact)) => {
                Verdict::of(text(exact).starts_with(&text(prefix)))
            }
            (Shape::Prefix(left), Shape::Prefix(right)) => {
                let (left, right) = (text(left), text(right));
                Verdict::of(left.starts_with(&right) || right.starts_with(&left))
            }
            (Shape::Pattern(pattern), Shape::Exact(exact)) | (Shape::Exact(exact), Shape::Pattern(pattern)) => {
                match pattern.matches(exact) {
                    Some(true) => Verdict::Yes,
                    Some(false) if !fold => Verdict::No,
                    _ => Verdict::Undecided,
                }
            }
            (Shape::Pattern(_), Shape::Prefix(_) | Shape::Pattern(_)) | (Shape::Prefix(_), Shape::Pattern(_)) => {
                let (left, right) = (text(self.literal()), text(other.literal()));
                match left.starts_with(&right) || right.starts_with(&left) {
                    true => Verdict::Undecided,
                    false => Verdict::No,
                }
            }
        }
    }

    pub(super) fn contains(&self, text: &str) -> Verdict {
        self.covers(&Self { shape: Shape::Exact(text.to_owned()), ignores_case: false })
    }

    /// A text of the set; `any` if it has all. `None` for regular expressions.
    pub(super) fn sample(&self, any: &str) -> Option<String> {
        match &self.shape {
            Shape::All => Some(any.to_owned()),
            Shape::Exact(text) | Shape::Prefix(text) => Some(text.clone()),
            Shape::Pattern(_) => None,
        }
    }

    fn has_no_case(&self) -> bool {
        let text = self.literal();
        !matches!(self.shape, Shape::Pattern(_)) && text.to_lowercase() == text.to_uppercase()
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
            (Prefix("/items"), Regex("/items/[0-9]+"), Verdict::Yes, Verdict::Undecided),
            (Prefix("/items/1"), Regex("/items/[0-9]+"), Verdict::Undecided, Verdict::Undecided),
            (Prefix("/other"), Regex("/items/[0-9]+"), Verdict::No, Verdict::No),
            (Regex("[a-z]+"), Regex("[a-z]+"), Verdict::Yes, Verdict::Undecided),
            (Regex("[a-z]+"), Regex("[a-y]+"), Verdict::Undecided, Verdict::Undecided),
            (Regex(".*"), Regex("[a-y]+"), Verdict::Yes, Verdict::Yes),
        ];
        for (left, right, covers, meets) in cases {
            let (left_set, right_set) = (TextSet::new(left), TextSet::new(right));
            assert_eq!(left_set.covers(&right_set), covers, "{left:?} covers {right:?}");
            assert_eq!(left_set.meets(&right_set), meets, "{left:?} meets {right:?}");
            assert_eq!(right_set.meets(&left_set), meets, "{right:?} meets {left:?}");
        }
    }
}
