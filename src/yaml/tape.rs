use std::ops::Range;

use crate::finding::Finding;
use crate::source::{SourceId, Span};

use super::node::Node;

/// What an entry of the tape is. The scalar styles matter because only plain scalars can be anything but strings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Style {
    Mapping,
    Sequence,
    /// A plain scalar whose value is the text of its span.
    Plain,
    /// A string whose value is the text of its span without the two quotes.
    Quoted,
    /// A string whose value is in [`Tree::cooked`]: escapes, several lines, block scalars, tagged strings.
    Cooked,
    /// A plain scalar of several lines, or one that a tag made what it is: its text is in [`Tree::cooked`], to be resolved as plain.
    CookedPlain,
    /// Nothing where a value could be; its span is empty.
    Missing,
}

impl Style {
    const ALL: [Self; 7] =
        [Self::Mapping, Self::Sequence, Self::Plain, Self::Quoted, Self::Cooked, Self::CookedPlain, Self::Missing];
}

/// One entry of the tape. A mapping is followed by its keys and values in turn, a sequence by its items.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Cell {
    pub(super) start: u32,
    pub(super) end: u32,
    /// The style in the lowest bits, the skip above them.
    packed: u32,
}

const STYLE_BITS: u32 = 3;
/// Entries that a tape can have.
pub(super) const MAX_CELLS: usize = 1 << (u32::BITS - STYLE_BITS);

impl Cell {
    /// `skip` is the index of the first entry that is not within this one.
    pub(super) fn new(at: Range<usize>, style: Style, skip: usize) -> Self {
        Self { start: at.start as u32, end: at.end as u32, packed: style as u32 | (skip as u32) << STYLE_BITS }
    }

    pub(super) fn style(self) -> Style {
        Style::ALL[(self.packed & ((1 << STYLE_BITS) - 1)) as usize]
    }

    pub(super) fn skip(self) -> u32 {
        self.packed >> STYLE_BITS
    }
}

/// A comment: from its `#` to the end of the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Comment {
    pub start: u32,
    pub end: u32,
}

/// One document of a stream.
#[derive(Clone, Copy, Debug)]
pub struct Document {
    /// Index of its root in the tape; `None` if it is empty or could not be read.
    pub(super) root: Option<u32>,
    /// Its bytes, without the separator line.
    pub start: u32,
    pub end: u32,
    /// Whether it could not be read; a finding of `yaml-syntax` says why.
    pub broken: bool,
    /// Whether it stands next to or behind a line that Kubernetes refuses as a separator. It reads nothing from there on,
    /// but other problems are worth showing.
    pub lost: bool,
}

/// Nesting that is read. go-yaml reads 10 000 levels; what walks over a tree must not run out of stack.
pub(super) const MAX_DEPTH: usize = 512;

/// Where a tape ends.
#[derive(Clone, Copy)]
pub(super) struct TapeMark {
    cells: usize,
    cooked: usize,
}

/// The entries of all documents, in order.
#[derive(Debug, Default)]
pub(super) struct Tape {
    pub(super) cells: Vec<Cell>,
    /// Values that are not slices of the text, one after the other.
    texts: String,
    /// Where in `texts` the value of an entry is, in the order of the entries.
    cooked: Vec<(u32, Range<usize>)>,
}

impl Tape {
    /// Stores a text that is not in the source.
    pub(super) fn cook(&mut self, text: &str) -> Range<usize> {
        let start = self.texts.len();
        self.texts.push_str(text);
        start..self.texts.len()
    }

    /// Makes a stored text the value of the entry that is pushed next.
    pub(super) fn cooked_next(&mut self, place: Range<usize>) {
        self.cooked.push((self.cells.len() as u32, place));
    }

    /// A stored text.
    pub(super) fn text(&self, place: &Range<usize>) -> &str {
        &self.texts[place.clone()]
    }

    fn cooked(&self, index: u32) -> &str {
        let found = self.cooked.binary_search_by_key(&index, |(at, _)| *at);
        found.map_or("", |at| self.text(&self.cooked[at].1))
    }

    /// Whether another tape has the same entries with the same values.
    #[cfg(test)]
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let texts =
            |tape: &Self| tape.cooked.iter().map(|(at, _)| (*at, tape.cooked(*at).to_owned())).collect::<Vec<_>>();
        self.cells == other.cells && texts(self) == texts(other)
    }

    pub(super) fn mark(&self) -> TapeMark {
        TapeMark { cells: self.cells.len(), cooked: self.cooked.len() }
    }

    /// The entry that was pushed first after `mark`.
    pub(super) fn root_since(&self, mark: TapeMark) -> Option<u32> {
        (self.cells.len() > mark.cells).then_some(mark.cells as u32)
    }

    /// Forgets the entries behind `mark`. Their texts stay.
    pub(super) fn truncate(&mut self, mark: TapeMark) {
        self.cells.truncate(mark.cells);
        self.cooked.truncate(mark.cooked);
    }
}

/// A source as a tree: the documents, keys, values and comments of one file.
#[derive(Debug)]
pub struct Tree<'s> {
    pub(super) source: SourceId,
    pub(super) text: &'s str,
    pub(super) tape: Tape,
    pub(super) comments: Vec<Comment>,
    pub(super) documents: Vec<Document>,
    pub(super) overrides: Vec<Finding>,
}

impl<'s> Tree<'s> {
    pub(super) fn new(source: SourceId, text: &'s str) -> Self {
        Self { source, text, tape: Tape::default(), comments: Vec::new(), documents: Vec::new(), overrides: Vec::new() }
    }

    pub fn source(&self) -> SourceId {
        self.source
    }

    pub fn text(&self) -> &'s str {
        self.text
    }

    /// In the order of the text.
    pub fn comments(&self) -> &[Comment] {
        &self.comments
    }

    pub fn documents(&self) -> &[Document] {
        &self.documents
    }

    /// The root value of a document of this tree; `None` for one that is empty or could not be read.
    pub fn root<'a>(&'a self, document: &Document) -> Option<Node<'a>> {
        document.root.map(|index| Node::new(self, index))
    }

    /// The roots of all documents that could be read.
    pub fn roots<'a>(&'a self) -> impl Iterator<Item = Node<'a>> {
        self.documents.iter().filter_map(|document| self.root(document))
    }

    pub fn span(&self, comment: &Comment) -> Span {
        Span { source: self.source, start: comment.start, end: comment.end }
    }

    /// Findings of `duplicate-key` that strict readers add to those of [`parse`](super::parse): keys that stand both in
    /// a mapping and in one that `<<` merges into it.
    pub fn overrides(&self) -> &[Finding] {
        &self.overrides
    }

    pub(super) fn cooked(&self, index: u32) -> &str {
        self.tape.cooked(index)
    }
}
