//! Tokens to a tree as it is written, with aliases, merge keys and duplicate keys still in it. Follows go-yaml v2's parser
//! (a port of libyaml's), down to which token ends which collection.

use std::borrow::Cow;
use std::ops::Range;

use rustc_hash::FxHashMap;

use super::problem::{Problem, Result};
use super::scanner::Scanner;
use super::tape::{Comment, MAX_DEPTH};
use super::tokens::{Notation, Token, TokenKind};

/// A node as it is written. A collection is followed by its children, a mapping by keys and values in turn.
pub(super) struct Raw<'s> {
    pub(super) start: u32,
    pub(super) end: u32,
    /// Index of the first node that is not within this one.
    pub(super) skip: usize,
    pub(super) tag: Option<Box<str>>,
    pub(super) value: RawValue<'s>,
}

pub(super) enum RawValue<'s> {
    Mapping,
    Sequence,
    Scalar {
        notation: Notation,
        text: Cow<'s, str>,
    },
    /// Nothing where a value could be.
    Missing,
    /// Index of the node that has the anchor.
    Alias(usize),
}

/// Reads the first document of a part of the text; Kubernetes does not look at what follows it.
/// Gives no nodes for one without content. The comments are those that were met, even if it cannot be read.
pub(super) fn read(text: &str, document: Range<usize>) -> (Result<Vec<Raw<'_>>>, Vec<Comment>) {
    let mut reader = Reader {
        scanner: Scanner::new(text, document),
        nodes: Vec::new(),
        anchors: FxHashMap::default(),
        tag_prefixes: Vec::new(),
        depth: 0,
        end: 0,
    };
    let outcome = reader.document();
    (outcome.map(|()| reader.nodes), reader.scanner.comments)
}

struct Reader<'s> {
    scanner: Scanner<'s>,
    nodes: Vec<Raw<'s>>,
    anchors: FxHashMap<&'s str, usize>,
    tag_prefixes: Vec<(&'s str, String)>,
    depth: usize,
    /// Offset behind the node read last.
    end: usize,
}

/// Which block collections may begin at a node.
#[derive(Clone, Copy, PartialEq)]
enum Context {
    Flow,
    Block,
    /// A list may begin at the indentation of the mapping that it is a value of.
    BlockOrIndentless,
}

impl<'s> Reader<'s> {
    fn document(&mut self) -> Result<()> {
        let explicit = self.directives()?;
        match self.scanner.peek()?.kind {
            TokenKind::StreamEnd => return Ok(()),
            TokenKind::DocumentStart
            | TokenKind::DocumentEnd
            | TokenKind::Version { .. }
            | TokenKind::TagPrefix { .. }
                if explicit =>
            {
                return Ok(());
            }
            _ => self.node(Context::Block)?,
        }
        // The end of a document is found by looking at the token behind it, and that may be an error.
        self.scanner.peek().map(drop)
    }

    /// Gives whether the document begins with `---`.
    fn directives(&mut self) -> Result<bool> {
        let mut version_seen = false;
        loop {
            let token = self.scanner.peek()?;
            let at = token.start.at..token.end;
            match &token.kind {
                TokenKind::Version { major: 1, minor: 1 } if !version_seen => {
                    version_seen = true;
                    self.scanner.next()?;
                }
                TokenKind::Version { .. } => {
                    let message = "Kubernetes reads YAML 1.1, and one `%YAML` directive at most";
                    return Err(Problem::new(at, message).help("remove the `%YAML` directive"));
                }
                TokenKind::TagPrefix { .. } => {
                    let TokenKind::TagPrefix { handle, prefix } = self.scanner.next()?.kind else { continue };
                    if self.tag_prefixes.iter().any(|(known, _)| *known == handle) {
                        let message = format!("a second `%TAG` directive for `{handle}`");
                        return Err(Problem::new(at, message).help("remove one of the two"));
                    }
                    self.tag_prefixes.push((handle, prefix));
                }
                TokenKind::DocumentStart => {
                    self.scanner.next()?;
                    return Ok(true);
                }
                _ if version_seen || !self.tag_prefixes.is_empty() => {
                    return Err(Problem::new(at, "the document of a directive must begin with `---`")
                        .help("remove the directive, or write a line `---` behind it"));
                }
                _ => return Ok(false),
            }
        }
    }

    fn node(&mut self, context: Context) -> Result<()> {
        let token = self.scanner.peek()?;
        if let TokenKind::Alias(name) = token.kind {
            return self.alias(name);
        }
        let (anchor, tag) = self.properties()?;
        let index = self.nodes.len();
        if let Some(name) = anchor {
            self.anchors.insert(name, index);
        }
        let has_properties = anchor.is_some() || tag.is_some();
        let token = self.scanner.peek()?;
        let (start, end) = (token.start.at, token.end);
        let in_block = context != Context::Flow;
        match token.kind {
            TokenKind::BlockEntry if context == Context::BlockOrIndentless => {
                self.nested(start, RawValue::Sequence, Self::indentless_sequence)?;
            }
            TokenKind::Scalar { .. } => {
                if let TokenKind::Scalar { notation, text } = self.scanner.next()?.kind {
                    self.leaf(start..end, RawValue::Scalar { notation, text });
                }
            }
            TokenKind::FlowSequenceStart => self.nested(start, RawValue::Sequence, Self::flow_sequence)?,
            TokenKind::FlowMappingStart => self.nested(start, RawValue::Mapping, Self::flow_mapping)?,
            TokenKind::BlockSequenceStart if in_block => {
                self.nested(start, RawValue::Sequence, Self::block_sequence)?;
            }
            TokenKind::BlockMappingStart if in_block => self.nested(start, RawValue::Mapping, Self::block_mapping)?,
            _ if has_properties => self.leaf(start..start, RawValue::Missing),
            _ => return Err(self.no_content()),
        }
        self.nodes[index].tag = tag;
        Ok(())
    }

    fn alias(&mut self, name: &'s str) -> Result<()> {
        let token = self.scanner.next()?;
        let at = token.start.at..token.end;
        let Some(&target) = self.anchors.get(name) else {
            let message = format!("no anchor `&{name}` stands before this alias");
            let help = "set the anchor earlier in the same document, or put a value that begins with `*` in quotes";
            return Err(Problem::new(at, message).help(help));
        };
        self.leaf(at, RawValue::Alias(target));
        Ok(())
    }

    /// An anchor and a tag, in any order.
    fn properties(&mut self) -> Result<(Option<&'s str>, Option<Box<str>>)> {
        let (mut anchor, mut tag) = (None, None);
        loop {
            match self.scanner.peek()?.kind {
                TokenKind::Anchor(name) if anchor.is_none() => {
                    anchor = Some(name);
                    self.scanner.next()?;
                }
                TokenKind::Tag { .. } if tag.is_none() => {
                    let token = self.scanner.next()?;
                    tag = Some(self.resolve_tag(token)?);
                }
                _ => return Ok((anchor, tag)),
            }
        }
    }

    fn resolve_tag(&self, token: Token<'s>) -> Result<Box<str>> {
        let TokenKind::Tag { handle, suffix } = token.kind else { return Ok(Box::default()) };
        let prefix = match self.tag_prefixes.iter().find(|(known, _)| *known == handle) {
            Some((_, prefix)) => prefix,
            None if handle == "!!" => "tag:yaml.org,2002:",
            None if handle.len() <= 1 => handle,
            None => {
                let message = format!("no `%TAG` directive says what `{handle}` is");
                let help = "remove the tag, or put a value that begins with `!` in quotes";
                return Err(Problem::new(token.start.at..token.end, message).help(help));
            }
        };
        Ok(format!("{prefix}{suffix}").into())
    }

    fn leaf(&mut self, at: Range<usize>, value: RawValue<'s>) {
        let skip = self.nodes.len() + 1;
        self.end = at.end;
        self.nodes.push(Raw { start: at.start as u32, end: at.end as u32, skip, tag: None, value });
    }

    fn missing(&mut self, at: usize) {
        self.leaf(at..at, RawValue::Missing);
    }

    fn missing_here(&mut self) -> Result<()> {
        let at = self.scanner.peek()?.start.at;
        self.missing(at);
        Ok(())
    }

    /// Reads a collection with `children`, which gives the offset behind its closing bracket, if it has one.
    fn nested(
        &mut self,
        start: usize,
        value: RawValue<'s>,
        children: fn(&mut Self) -> Result<Option<usize>>,
    ) -> Result<()> {
        if self.depth == MAX_DEPTH {
            let message = format!("nested more than {MAX_DEPTH} levels deep");
            return Err(
                Problem::new(start..start + 1, message).help("check for brackets or dashes that are never closed")
            );
        }
        self.depth += 1;
        let index = self.nodes.len();
        self.leaf(start..start, value);
        let closed = children(self)?;
        self.depth -= 1;
        self.end = closed.unwrap_or(self.end);
        self.nodes[index].end = self.end as u32;
        self.nodes[index].skip = self.nodes.len();
        Ok(())
    }

    fn block_sequence(&mut self) -> Result<Option<usize>> {
        let start = self.scanner.next()?;
        loop {
            let token = self.scanner.next_if(|kind| matches!(kind, TokenKind::BlockEntry | TokenKind::BlockEnd))?;
            match token {
                Some(Token { kind: TokenKind::BlockEntry, end, .. }) => {
                    match self.scanner.peek()?.kind {
                        TokenKind::BlockEntry | TokenKind::BlockEnd => self.missing(end),
                        _ => self.node(Context::Block)?,
                    };
                }
                Some(_) => return Ok(None),
                None => {
                    return Err(self.misplaced(&start, "a key cannot stand among the items of a list"));
                }
            }
        }
    }

    fn indentless_sequence(&mut self) -> Result<Option<usize>> {
        while let Some(dash) = self.scanner.next_if(|kind| *kind == TokenKind::BlockEntry)? {
            match self.scanner.peek()?.kind {
                TokenKind::BlockEntry | TokenKind::Key | TokenKind::Value | TokenKind::BlockEnd => {
                    self.missing(dash.end);
                }
                _ => self.node(Context::Block)?,
            }
        }
        Ok(None)
    }

    fn block_mapping(&mut self) -> Result<Option<usize>> {
        let start = self.scanner.next()?;
        loop {
            let token = self.scanner.next_if(|kind| matches!(kind, TokenKind::Key | TokenKind::BlockEnd))?;
            match token {
                Some(Token { kind: TokenKind::Key, end, .. }) => {
                    self.block_entry_part(end)?;
                    match self.scanner.next_if(|kind| *kind == TokenKind::Value)? {
                        Some(colon) => self.block_entry_part(colon.end)?,
                        None => self.missing_here()?,
                    }
                }
                Some(_) => return Ok(None),
                None => {
                    return Err(self.misplaced(&start, "a list item cannot stand among the keys of a mapping"));
                }
            }
        }
    }

    /// A key or a value of a block mapping, where `end` is behind the indicator in front of it.
    fn block_entry_part(&mut self, end: usize) -> Result<()> {
        match self.scanner.peek()?.kind {
            TokenKind::Key | TokenKind::Value | TokenKind::BlockEnd => {
                self.missing(end);
                Ok(())
            }
            _ => self.node(Context::BlockOrIndentless),
        }
    }

    fn flow_sequence(&mut self) -> Result<Option<usize>> {
        let open = self.scanner.next()?;
        let mut first = true;
        loop {
            if let Some(close) = self.flow_separator(&TokenKind::FlowSequenceEnd, first, &open)? {
                return Ok(Some(close));
            }
            first = false;
            match self.scanner.peek()? {
                Token { kind: TokenKind::Key, start, .. } => {
                    let start = start.at;
                    self.scanner.next()?;
                    self.nested(start, RawValue::Mapping, Self::single_pair)?;
                }
                _ => self.node(Context::Flow)?,
            }
        }
    }

    /// Goes over the comma between entries; gives the end of the collection if its closing bracket stands here.
    fn flow_separator(&mut self, close: &TokenKind<'s>, first: bool, open: &Token<'s>) -> Result<Option<usize>> {
        if !first
            && self.scanner.peek()?.kind != *close
            && self.scanner.next_if(|kind| *kind == TokenKind::FlowEntry)?.is_none()
        {
            return Err(self.unclosed(open));
        }
        Ok(self.scanner.next_if(|kind| kind == close)?.map(|token| token.end))
    }

    /// `a: b` as an item of a list in brackets.
    fn single_pair(&mut self) -> Result<Option<usize>> {
        let token = self.scanner.peek()?;
        match token.kind {
            TokenKind::Value | TokenKind::FlowEntry | TokenKind::FlowSequenceEnd => {
                // go-yaml drops this token, so what follows is an error.
                let end = token.end;
                self.scanner.next()?;
                self.missing(end);
            }
            _ => self.node(Context::Flow)?,
        }
        let has_value = self.scanner.next_if(|kind| *kind == TokenKind::Value)?.is_some();
        self.flow_value(&TokenKind::FlowSequenceEnd, has_value)?;
        Ok(None)
    }

    fn flow_mapping(&mut self) -> Result<Option<usize>> {
        let open = self.scanner.next()?;
        let mut first = true;
        loop {
            if let Some(close) = self.flow_separator(&TokenKind::FlowMappingEnd, first, &open)? {
                return Ok(Some(close));
            }
            first = false;
            if self.scanner.next_if(|kind| *kind == TokenKind::Key)?.is_none() {
                self.node(Context::Flow)?;
                self.missing_here()?;
                continue;
            }
            match self.scanner.peek()?.kind {
                TokenKind::Value | TokenKind::FlowEntry | TokenKind::FlowMappingEnd => self.missing_here()?,
                _ => self.node(Context::Flow)?,
            }
            let has_value = self.scanner.next_if(|kind| *kind == TokenKind::Value)?.is_some();
            self.flow_value(&TokenKind::FlowMappingEnd, has_value)?;
        }
    }

    fn flow_value(&mut self, close: &TokenKind<'s>, has_value: bool) -> Result<()> {
        let token = self.scanner.peek()?;
        if !has_value || token.kind == TokenKind::FlowEntry || token.kind == *close {
            self.missing_here()
        } else {
            self.node(Context::Flow)
        }
    }

    /// What is wrong with the next token, at which the block collection that begins at `open` neither goes on nor ends.
    /// `mixed` says it for a token that is at home in the other kind of collection.
    fn misplaced(&mut self, open: &Token<'s>, mixed: &str) -> Box<Problem> {
        let token = match self.scanner.peek() {
            Ok(token) => token,
            Err(problem) => return problem,
        };
        let mixes = matches!(token.kind, TokenKind::BlockEntry | TokenKind::Key | TokenKind::Value);
        let start = token.start.at;
        let at = self.scanner.rest_of_line(start);
        let problem = if !self.scanner.begins_line(start) {
            Problem::new(at, "nothing can follow the value on its line")
                .help("put the whole value in quotes; in single quotes, write `''` for each `'`")
        } else if mixes {
            Problem::new(at, mixed).help("indent it deeper than the key or the `-` that it belongs to")
        } else {
            Problem::new(at, "the indentation of this line fits none of the lines above")
                .help("align it with the key or the `-` that it belongs beside")
        };
        problem.related(open.start.at..open.start.at + 1, "the collection begins here")
    }

    fn no_content(&mut self) -> Box<Problem> {
        if let Some(open) = self.scanner.open_bracket() {
            return self.unclosed_at(open);
        }
        let at = match self.scanner.peek() {
            Ok(token) => token.start.at,
            Err(problem) => return problem,
        };
        Problem::new(self.scanner.rest_of_line(at), "a value must stand here")
            .help("put a value that begins with a special character in quotes")
    }

    fn unclosed(&mut self, open: &Token<'s>) -> Box<Problem> {
        self.unclosed_at(open.start.at..open.end)
    }

    /// At the end of the text the culprit is the bracket, else what stands where a comma should.
    fn unclosed_at(&mut self, open: Range<usize>) -> Box<Problem> {
        let token = match self.scanner.peek() {
            Ok(token) => token,
            Err(problem) => return problem,
        };
        if token.kind == TokenKind::StreamEnd {
            return Problem::new(open, "this bracket is never closed").help("add the closing bracket");
        }
        let at = token.start.at..token.end.max(token.start.at + 1);
        Problem::new(at, "a comma or the closing bracket must stand here")
            .help("put a value with special characters in quotes, or close the bracket before")
            .related(open, "the bracket that is open")
    }
}
