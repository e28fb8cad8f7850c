//! Regular expressions: what can be seen of them, and the language that they are.

use std::sync::{Arc, OnceLock};

use regex_syntax::hir::literal::Extractor;

use crate::format::Re2;
use crate::format::language::TextSet;

/// A regular expression that a text must match as a whole.
#[derive(Clone, Debug)]
pub struct Pattern<'m> {
    text: &'m str,
    /// What every text that matches starts with.
    literal: String,
    /// What every text that matches has between two slashes.
    segments: Vec<String>,
    language: Arc<OnceLock<Option<TextSet>>>,
}

/// What a regular expression turns out to be.
pub(super) enum Shape<'m> {
    All,
    Exact(String),
    Prefix(String),
    Pattern(Pattern<'m>),
}

impl PartialEq for Pattern<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl<'m> Pattern<'m> {
    /// Patterns that are a literal, or a literal before `.*`, are told apart from the others. Anchors say nothing, since
    /// the whole text must match anyway.
    pub(super) fn shape(text: &'m str) -> Shape<'m> {
        let inner = text.strip_prefix('^').unwrap_or(text);
        let inner = match inner.strip_suffix('$') {
            Some(rest) if !rest.ends_with('\\') => rest,
            _ => inner,
        };
        let (mut literal, rest) = split_literal(inner);
        match rest {
            "" => Shape::Exact(literal),
            ".*" if literal.is_empty() => Shape::All,
            ".*" => Shape::Prefix(literal),
            rest => {
                // What alternatives begin with only their structure tells.
                if has_alternative(inner) || rest.starts_with('(') {
                    literal = common_start(text).unwrap_or(literal);
                }
                let segments =
                    literals(inner).iter().flat_map(|literal| segments(literal)).map(str::to_owned).collect();
                Shape::Pattern(Pattern { text, segments, literal, language: Arc::default() })
            }
        }
    }

    pub(super) fn literal(&self) -> &str {
        &self.literal
    }

    pub(super) fn segments(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().map(String::as_str)
    }

    /// Whether `?` or `#` may be something that a text has to have, and not the `?` of a repetition. Classes may hold
    /// either, but mostly others, too.
    pub(super) fn may_ask_for_query(&self) -> bool {
        [r"\?", "#", "[?", r"\Q", r"\x", r"\0"].into_iter().any(|form| self.text.contains(form))
    }

    /// `None` if it is not a legal pattern.
    pub(super) fn language(&self) -> Option<&TextSet> {
        self.language.get_or_init(|| Re2::parse(self.text).ok().map(TextSet::regex)).as_ref()
    }
}

/// What every text that matches starts with, as far as the parts of the pattern that few texts match tell.
fn common_start(pattern: &str) -> Option<String> {
    let regex = Re2::parse(pattern).ok()?;
    let starts = Extractor::new().limit_total(50).extract(regex.hir());
    String::from_utf8(starts.longest_common_prefix()?.to_vec()).ok()
}

/// The literal that a pattern starts with, without its escapes, and the rest. A character that is repeated or optional
/// belongs to the rest, and so does everything if there is an alternative.
fn split_literal(pattern: &str) -> (String, &str) {
    if has_alternative(pattern) { (String::new(), pattern) } else { take_literal(pattern) }
}

fn take_literal(pattern: &str) -> (String, &str) {
    const META: &str = r".+*?()|[]{}^$\";
    let mut literal = String::new();
    let mut rest = pattern;
    loop {
        let mut chars = rest.chars();
        let (character, after) = match chars.next() {
            Some('\\') => match chars.next() {
                // `\d`, `\b` and the like are classes; an escaped sign is itself.
                Some(sign) if sign.is_ascii_punctuation() => (sign, chars.as_str()),
                _ => break,
            },
            Some(character) if !META.contains(character) => (character, chars.as_str()),
            _ => break,
        };
        if after.starts_with(['*', '?', '{', '+']) {
            break;
        }
        literal.push(character);
        rest = after;
    }
    (literal, rest)
}

/// All literals outside of groups that every match contains.
fn literals(pattern: &str) -> Vec<String> {
    let mut found = Vec::new();
    // Flags such as `(?i)` change what follows them.
    let has_flags = pattern.match_indices("(?").any(|(at, _)| !pattern[at + 2..].starts_with([':', 'P', '<']));
    let mut rest = if has_alternative(pattern) || has_flags { "" } else { pattern };
    while !rest.is_empty() {
        let (literal, after) = take_literal(rest);
        if !literal.is_empty() {
            found.push(literal);
        }
        rest = skip_one(after);
    }
    found
}

/// What follows the group, class or character that `pattern` starts with.
fn skip_one(pattern: &str) -> &str {
    let mut chars = pattern.chars();
    let (mut groups, mut in_class) = (0_usize, false);
    while let Some(character) = chars.next() {
        match character {
            '\\' => drop(chars.next()),
            '[' if !in_class => in_class = true,
            ']' => in_class = false,
            '(' if !in_class => groups += 1,
            ')' if !in_class => groups = groups.saturating_sub(1),
            _ => {}
        }
        if groups == 0 && !in_class {
            break;
        }
    }
    chars.as_str()
}

/// The parts of a text between two slashes.
pub(super) fn segments(text: &str) -> impl Iterator<Item = &str> {
    let last = text.matches('/').count();
    text.split('/')
        .enumerate()
        .filter(move |(at, part)| *at > 0 && *at < last && !part.is_empty())
        .map(|(_, part)| part)
}

/// Whether there is a `|` outside of groups and classes. May say so of a `|` that only looks like one.
fn has_alternative(pattern: &str) -> bool {
    let mut depth = 0_usize;
    let mut escaped = false;
    for character in pattern.chars() {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            '|' if depth == 0 => return true,
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_taken_apart() {
        let cases = [
            ("/items", "exact /items"),
            (r"^/items\.json$", "exact /items.json"),
            ("/items/.*", "prefix /items/"),
            (".*", "all"),
            ("/items/[0-9]+", "pattern /items/"),
            ("/items?", "pattern /item"),
            ("/a|/b", "pattern /"),
            ("/a(/b|/c)", "pattern /a/"),
            ("/(api|apps)/.*", "pattern /ap"),
            ("(?i)/api", "pattern /"),
            (r"/\d+", "pattern /"),
            (".*x", "pattern "),
            ("/a.+", "pattern /a"),
        ];
        for (text, expected) in cases {
            let shape = match Pattern::shape(text) {
                Shape::All => "all".to_owned(),
                Shape::Exact(text) => format!("exact {text}"),
                Shape::Prefix(text) => format!("prefix {text}"),
                Shape::Pattern(pattern) => format!("pattern {}", pattern.literal),
            };
            assert_eq!(shape, expected, "{text}");
        }
    }

    #[test]
    fn required_segments_are_found() {
        let cases: [(&str, &[&str]); 7] = [
            ("(?i)/a/b/[0-9]+", &[]),
            ("/v[0-9]+/orders/.*", &["orders"]),
            ("/v1/(a|b)/x/?", &["v1"]),
            ("/a/b|/c/d/e", &[]),
            (r"/a/[^/]+/b\.c/.+", &["a", "b.c"]),
            ("/a/b?/c/d*", &["a", "c"]),
            ("/a{2}/b/.*", &["b"]),
        ];
        for (text, expected) in cases {
            let Shape::Pattern(pattern) = Pattern::shape(text) else { panic!("{text}") };
            assert_eq!(pattern.segments, expected, "{text}");
        }
    }
}
