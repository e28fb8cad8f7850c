//! Files of tests, with every mistake at its place.

use crate::finding::nearest;
use crate::source::{SourceId, Span};
use crate::yaml::{self, Kind, Node, Scalar};

use super::case::Case;
use super::{own, router_check, validator};

/// What is wrong in a file of tests.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    pub at: Span,
    pub message: String,
}

/// Collects the mistakes of a file.
#[derive(Debug, Default)]
pub(super) struct Reader {
    pub problems: Vec<Problem>,
}

/// The cases of a file of any format, in the order of the text, or what is wrong with it.
pub fn read(source: SourceId, text: &str) -> Result<Vec<Case>, Vec<Problem>> {
    let (tree, findings) = yaml::parse(source, text);
    let mut reader = Reader::default();
    let messages = findings.into_iter().map(|finding| Problem { at: finding.at, message: finding.message });
    reader.problems.extend(messages);
    let mut cases = Vec::new();
    for document in tree.roots() {
        match Format::of(document) {
            Some(Format::Own) => own::read(document, &mut reader, &mut cases),
            Some(Format::Validator) => validator::read(document, &mut reader, &mut cases),
            Some(Format::RouterCheck) => router_check::read(document, &mut reader, &mut cases),
            None => {
                reader.problem(document.head(), "this is no file of tests: it has neither `tests` nor `testCases`");
            }
        }
    }
    if reader.problems.is_empty() && cases.is_empty() {
        reader.problem(Span::new(source, 0..0), "the file has no tests");
    }
    reader.problems.sort();
    if reader.problems.is_empty() { Ok(cases) } else { Err(reader.problems) }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Own,
    Validator,
    RouterCheck,
}

impl Format {
    fn of(document: Node<'_>) -> Option<Self> {
        let is_check = |test: Node<'_>| ["test_name", "testName", "input", "validate"].iter().any(|key| test.has(key));
        if document.has("testCases") {
            return Some(Self::Validator);
        }
        let tests = document.get("tests")?;
        Some(if tests.items().any(is_check) { Self::RouterCheck } else { Self::Own })
    }
}

impl Reader {
    pub fn problem(&mut self, at: Span, message: impl Into<String>) {
        self.problems.push(Problem { at, message: message.into() });
    }

    /// Whether a value is a mapping; keys other than `known` are problems.
    pub fn check_keys(&mut self, node: Node<'_>, known: &[&str]) -> bool {
        if node.kind() != Kind::Mapping {
            self.problem(node.head(), "expected a mapping");
            return false;
        }
        for entry in node.entries() {
            let key = entry.key.key_text();
            if known.contains(&&*key) {
                continue;
            }
            let help = match nearest(&key, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("there are `{}`", known.join("`, `")),
            };
            self.problem(entry.key.at(), format!("unknown key `{key}`: {help}"));
        }
        true
    }

    pub fn text(&mut self, node: Node<'_>) -> Option<String> {
        match node.scalar() {
            Some(Scalar::Null) | None => {
                self.problem(node.head(), "expected a text");
                None
            }
            Some(Scalar::String(text)) => Some(text.to_owned()),
            // As it is written: `1.30` is not `1.3`.
            Some(_) => Some(node.raw().to_owned()),
        }
    }

    /// A key as it is written: the header `y` is not called `true`.
    pub fn name(key: Node<'_>) -> String {
        key.as_str().map_or_else(|| key.raw().to_owned(), str::to_owned)
    }

    /// One text, or a list of them.
    pub fn texts(&mut self, node: Node<'_>) -> Vec<String> {
        match node.kind() {
            Kind::Sequence => node.items().filter_map(|item| self.text(item)).collect(),
            _ => self.text(node).into_iter().collect(),
        }
    }

    /// A text that `parse` takes; its error says what is wrong.
    pub fn parsed<T>(&mut self, node: Node<'_>, parse: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        let text = self.text(node)?;
        parse(&text).map_err(|message| self.problem(node.head(), message)).ok()
    }

    pub fn number<T: std::str::FromStr>(&mut self, node: Node<'_>) -> Option<T> {
        self.parsed(node, |text| text.parse().map_err(|_| format!("`{text}` is not such a number")))
    }

    pub fn flag(&mut self, node: Node<'_>) -> Option<bool> {
        match node.scalar() {
            Some(Scalar::Bool(flag)) => Some(flag),
            _ => {
                self.problem(node.head(), "expected `true` or `false`");
                None
            }
        }
    }

    pub fn duration(&mut self, node: Node<'_>) -> Option<std::time::Duration> {
        self.parsed(node, |text| {
            crate::format::Duration::parse(text).map(|duration| duration.to_std()).map_err(|reason| reason.to_string())
        })
    }

    /// The value of a key that has to be there.
    pub fn required<'a>(&mut self, node: Node<'a>, key: &str) -> Option<Node<'a>> {
        let value = node.get(key);
        if value.is_none() {
            self.problem(node.head(), format!("`{key}` is missing"));
        }
        value
    }
}
