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

/// One entry of the tape. A mapping is followed by its keys and values in turn, a sequence by its items.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cell {
    pub(super) start: u32,
    pub(super) end: u32,
    /// Index of the first entry that is not within this one.
    pub(super) skip: u32,
    pub(super) style: Style,
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
}

/// A source as a tree: the documents, keys, values and comments of one file.
#[derive(Debug)]
pub struct Tree<'s> {
    pub(super) source: SourceId,
    pub(super) text: &'s str,
    pub(super) cells: Vec<Cell>,
    /// Values that are not slices of the text, by the index of their entry, in order.
    pub(super) cooked: Vec<(u32, Box<str>)>,
    pub(super) comments: Vec<Comment>,
    pub(super) documents: Vec<Document>,
}

impl<'s> Tree<'s> {
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

    pub(super) fn cooked(&self, index: u32) -> &str {
        let found = self.cooked.binary_search_by_key(&index, |(at, _)| *at);
        found.map_or("", |at| &self.cooked[at].1)
    }
}
