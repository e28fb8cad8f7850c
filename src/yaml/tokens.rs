//! What the scanner hands to the grammar.

use std::borrow::Cow;

use super::cursor::Mark;

#[derive(Debug)]
pub(super) struct Token<'s> {
    pub(super) kind: TokenKind<'s>,
    pub(super) start: Mark,
    /// Offset of the byte behind it.
    pub(super) end: usize,
}

#[derive(Debug, PartialEq)]
pub(super) enum TokenKind<'s> {
    StreamEnd,
    Version {
        major: u8,
        minor: u8,
    },
    TagPrefix {
        handle: &'s str,
        prefix: String,
    },
    DocumentStart,
    DocumentEnd,
    BlockSequenceStart,
    BlockMappingStart,
    BlockEnd,
    FlowSequenceStart,
    FlowSequenceEnd,
    FlowMappingStart,
    FlowMappingEnd,
    BlockEntry,
    FlowEntry,
    Key,
    Value,
    Alias(&'s str),
    Anchor(&'s str),
    /// `handle` is empty for a tag that is written out.
    Tag {
        handle: &'s str,
        suffix: String,
    },
    Scalar {
        notation: Notation,
        text: Cow<'s, str>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Notation {
    Plain,
    Quoted,
    Block,
}
