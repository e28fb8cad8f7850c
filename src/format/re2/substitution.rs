use std::borrow::Cow;
use std::fmt;

use regex_automata::util::captures::Captures;

use super::Re2;
use crate::format::Reason;

/// What a match is replaced by: text in which `\1` to `\9` stand for the groups, `\0` for the whole match and `\\` for a
/// backslash (`RE2::Rewrite`). `$1` means nothing here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Substitution {
    text: Box<str>,
    parts: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Group(u32),
}

impl Substitution {
    pub fn parse(text: &str) -> Result<Self, Reason> {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut characters = text.chars();
        while let Some(character) = characters.next() {
            let escaped = if character == '\\' { characters.next() } else { None };
            match (character, escaped.map(|escaped| escaped.to_digit(10).ok_or(escaped))) {
                ('\\', Some(Ok(group))) => {
                    parts.push(Piece::Text(std::mem::take(&mut literal)));
                    parts.push(Piece::Group(group));
                }
                ('\\', Some(Err('\\'))) => literal.push('\\'),
                ('\\', _) => {
                    let reason = Reason::new(format!("`{text}` has a backslash that stands for nothing"));
                    return Err(reason.help("write `\\1` for the first group, and `\\\\` for a backslash"));
                }
                _ => literal.push(character),
            }
        }
        parts.push(Piece::Text(literal));
        Ok(Self { text: text.into(), parts })
    }

    /// The largest number of a group, which the pattern has to have.
    pub fn largest_group(&self) -> u32 {
        let groups = self.parts.iter().map(|part| match part {
            Piece::Group(group) => *group,
            Piece::Text(_) => 0,
        });
        groups.max().unwrap_or(0)
    }

    fn append(&self, text: &str, captures: &Captures, result: &mut String) {
        for part in &self.parts {
            match part {
                Piece::Text(literal) => result.push_str(literal),
                Piece::Group(group) => {
                    let group = captures.get_group(*group as usize);
                    // A group that is not in the match is empty. One that is half a character is a fault of `\C`.
                    result.push_str(group.and_then(|span| text.get(span.range())).unwrap_or(""));
                }
            }
        }
    }
}

impl fmt::Display for Substitution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Re2 {
    /// Replaces every match in `text`, from left to right (`RE2::GlobalReplace`). If the substitution asks for a group that
    /// the pattern does not have, nothing is replaced.
    pub fn replace_all<'t>(&self, text: &'t str, substitution: &Substitution) -> Cow<'t, str> {
        let Some(regex) = self.searcher().filter(|_| substitution.largest_group() <= self.groups) else {
            return Cow::Borrowed(text);
        };
        let (mut result, mut done) = (String::new(), 0);
        for captures in regex.captures_iter(text) {
            let Some(whole) = captures.get_match() else { continue };
            result.push_str(text.get(done..whole.start()).unwrap_or(""));
            substitution.append(text, &captures, &mut result);
            done = whole.end();
        }
        result.push_str(text.get(done..).unwrap_or(""));
        Cow::Owned(result)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Re2;
    use super::Substitution;

    #[test]
    fn matches_are_replaced_as_by_re2() {
        let table = [
            ("^/api/(v[0-9]+)/(.*)$", r"/\2/\1", "/api/v1/users", "/users/v1"),
            ("a*", "-", "baac", "-b-c-"),
            ("(a)|(b)", r"[\1\2]", "xaby", "x[a][b]y"),
            ("b", r"\0\0\\", "abc", r"abb\c"),
            ("é", "e", "café é", "cafe e"),
            ("b", r"\1", "abc", "abc"),
            ("b", "$1", "abc", "a$1c"),
        ];
        for (pattern, substitution, text, expected) in table {
            let substitution = Substitution::parse(substitution).unwrap();
            assert_eq!(Re2::parse(pattern).unwrap().replace_all(text, &substitution), expected, "{pattern}");
        }
        assert!(Substitution::parse(r"\a").is_err() && Substitution::parse(r"a\").is_err());
    }
}
