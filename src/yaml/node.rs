use std::borrow::Cow;
use std::fmt;

use crate::source::Span;

use super::scalar::Scalar;
use super::tape::{Cell, Style, Tree};

/// What a [`Node`] is, before scalars are resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Mapping,
    Sequence,
    Scalar,
}

/// A place in a [`Tree`]: a mapping, a sequence or a scalar. As cheap to copy as two words.
#[derive(Clone, Copy)]
pub struct Node<'a> {
    tree: &'a Tree<'a>,
    index: u32,
}

/// A key of a mapping and its value.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    pub key: Node<'a>,
    pub value: Node<'a>,
}

impl<'a> Node<'a> {
    pub(super) fn new(tree: &'a Tree<'a>, index: u32) -> Self {
        Self { tree, index }
    }

    fn cell(self) -> Cell {
        self.tree.tape.cells[self.index as usize]
    }

    pub fn kind(self) -> Kind {
        match self.cell().style() {
            Style::Mapping => Kind::Mapping,
            Style::Sequence => Kind::Sequence,
            _ => Kind::Scalar,
        }
    }

    /// The bytes of the value: of a scalar with its quotes, of a collection from its first key or item to its last.
    pub fn at(self) -> Span {
        let cell = self.cell();
        Span { source: self.tree.source, start: cell.start, end: cell.end }
    }

    /// A place to point at: the scalar itself, or the first key of a mapping, or the first item of a sequence.
    /// Whole collections make poor excerpts.
    pub fn head(self) -> Span {
        let first = match self.kind() {
            Kind::Scalar => None,
            Kind::Mapping => self.entries().next().map(|entry| entry.key.at()),
            Kind::Sequence => self.items().next().map(Node::head),
        };
        first.unwrap_or(self.at())
    }

    /// The text as it is written, with quotes.
    pub fn raw(self) -> &'a str {
        &self.tree.text[self.at().range()]
    }

    pub fn tree(self) -> &'a Tree<'a> {
        self.tree
    }

    /// A number that is the same for the same place of the same tree.
    pub fn index(self) -> u32 {
        self.index
    }

    /// The value as Kubernetes resolves it; `None` for collections.
    pub fn scalar(self) -> Option<Scalar<'a>> {
        let cell = self.cell();
        match cell.style() {
            Style::Mapping | Style::Sequence => None,
            Style::Missing => Some(Scalar::Null),
            Style::Plain => Some(Scalar::resolve(self.raw())),
            Style::CookedPlain => Some(Scalar::resolve(self.tree.cooked(self.index))),
            Style::Quoted => Some(Scalar::String(&self.tree.text[cell.start as usize + 1..cell.end as usize - 1])),
            Style::Cooked => Some(Scalar::String(self.tree.cooked(self.index))),
        }
    }

    /// The value, if it is a string; numbers and booleans are not.
    pub fn as_str(self) -> Option<&'a str> {
        match self.scalar()? {
            Scalar::String(text) => Some(text),
            _ => None,
        }
    }

    /// `true` for a missing value too.
    pub fn is_null(self) -> bool {
        match self.cell().style() {
            Style::Mapping | Style::Sequence | Style::Quoted | Style::Cooked => false,
            Style::Missing => true,
            Style::Plain => Scalar::is_null(self.raw()),
            Style::CookedPlain => Scalar::is_null(self.tree.cooked(self.index)),
        }
    }

    /// The text of a key: Kubernetes makes strings of numbers and booleans (`yes: 1` has the key `true`).
    pub fn key_text(self) -> Cow<'a, str> {
        match self.scalar() {
            Some(scalar) => scalar.into_key(),
            None => Cow::Borrowed(""),
        }
    }

    /// The entries of a mapping; nothing for other kinds.
    pub fn entries(self) -> impl Iterator<Item = Entry<'a>> + Clone {
        let mut children = self.children(Kind::Mapping);
        std::iter::from_fn(move || Some(Entry { key: children.next()?, value: children.next()? }))
    }

    /// The items of a sequence; nothing for other kinds.
    pub fn items(self) -> impl Iterator<Item = Node<'a>> + Clone {
        self.children(Kind::Sequence)
    }

    fn children(self, of: Kind) -> Children<'a> {
        let skip = self.cell().skip();
        let end = if self.kind() == of { skip } else { self.index + 1 };
        Children { tree: self.tree, next: self.index + 1, end }
    }

    /// The entry of `key`, where one is written and its value is not null.
    pub fn entry(self, key: &str) -> Option<Entry<'a>> {
        let usual = Scalar::is_usual_key(key);
        let is_key = |node: Self| match node.cell().style() {
            Style::Plain if usual => node.bytes() == key.as_bytes(),
            _ => node.key_text() == key,
        };
        self.entries().find(|entry| is_key(entry.key) && !entry.value.is_null())
    }

    fn bytes(self) -> &'a [u8] {
        &self.tree.text.as_bytes()[self.at().range()]
    }

    /// The value of `key`; a null value counts as absent, as it does for the API server.
    pub fn get(self, key: &str) -> Option<Node<'a>> {
        self.entry(key).map(|entry| entry.value)
    }

    pub fn has(self, key: &str) -> bool {
        self.entry(key).is_some()
    }

    /// Where the key is written; for "remove this" and "this field".
    pub fn key_at(self, key: &str) -> Option<Span> {
        self.entry(key).map(|entry| entry.key.at())
    }

    /// Whether two places hold the same value, however it is written and in whatever order the keys are.
    pub fn same_value(self, other: Node<'_>) -> bool {
        if self.kind() != other.kind() {
            return false;
        }
        match self.kind() {
            Kind::Scalar => self.scalar() == other.scalar(),
            Kind::Sequence => {
                let same = |(left, right): (Node<'_>, Node<'_>)| left.same_value(right);
                self.items().count() == other.items().count() && self.items().zip(other.items()).all(same)
            }
            Kind::Mapping => {
                let same = |entry: Entry<'_>| {
                    other.entry(&entry.key.key_text()).is_some_and(|theirs| entry.value.same_value(theirs.value))
                };
                self.entries().count() == other.entries().count() && self.entries().all(same)
            }
        }
    }

    /// Follows a path of keys.
    pub fn path(self, keys: &[&str]) -> Option<Node<'a>> {
        keys.iter().try_fold(self, |node, key| node.get(key))
    }
}

impl fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.raw())
    }
}

#[derive(Clone)]
struct Children<'a> {
    tree: &'a Tree<'a>,
    next: u32,
    end: u32,
}

impl<'a> Iterator for Children<'a> {
    type Item = Node<'a>;

    fn next(&mut self) -> Option<Node<'a>> {
        if self.next >= self.end {
            return None;
        }
        let node = Node::new(self.tree, self.next);
        self.next = node.cell().skip();
        Some(node)
    }
}
