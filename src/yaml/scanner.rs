//! Text to tokens, by the rules of go-yaml v2's scanner (a port of libyaml's, YAML 1.1). What is a token and what is an
//! error depends on how far the grammar has asked, so tokens are made one at a time.

use std::collections::VecDeque;
use std::ops::Range;

use rustc_hash::FxHashMap;

use super::block;
use super::cursor::{Cursor, Mark};
use super::folding;
use super::problem::{Problem, Result};
use super::tape::Comment;
use super::tokens::{Notation, Token, TokenKind};

/// Characters from the start of a key to its colon.
const LONGEST_KEY: usize = 1024;

/// Where a key may have begun that has no `?` in front: this shows only when its colon comes.
#[derive(Clone, Copy)]
struct Candidate {
    possible: bool,
    /// At the indentation of its mapping, where nothing but a key can stand.
    required: bool,
    /// The token that it begins with, counted from the first of the document.
    token: usize,
    mark: Mark,
}

pub(super) struct Scanner<'s> {
    cursor: Cursor<'s>,
    pub(super) comments: Vec<Comment>,
    queue: VecDeque<Token<'s>>,
    /// How many tokens have left the queue.
    taken: usize,
    /// Of the innermost block collection; -1 outside.
    indent: isize,
    outer_indents: Vec<isize>,
    /// One for the block context and one for each flow collection around the cursor.
    candidates: Vec<Candidate>,
    /// The level of the candidate that begins with a token, by the number of the token.
    undecided: FxHashMap<usize, usize>,
    /// Where the flow collections around the cursor begin.
    brackets: Vec<usize>,
    key_allowed: bool,
    /// Where the last plain scalar begins, the number of that line, and where it ends.
    plain: Option<(usize, usize, usize)>,
}

impl<'s> Scanner<'s> {
    pub(super) fn new(text: &'s str, document: Range<usize>) -> Self {
        let start = document.start + if text[document.clone()].starts_with('\u{FEFF}') { 3 } else { 0 };
        Self {
            cursor: Cursor::new(text, start, 0, document.end),
            comments: Vec::new(),
            queue: VecDeque::new(),
            taken: 0,
            indent: -1,
            outer_indents: Vec::new(),
            candidates: vec![Candidate { possible: false, required: false, token: 0, mark: Mark::default() }],
            undecided: FxHashMap::default(),
            brackets: Vec::new(),
            key_allowed: true,
            plain: None,
        }
    }

    /// The next token, which stays.
    pub(super) fn peek(&mut self) -> Result<&Token<'s>> {
        while self.queue.is_empty() || self.head_is_undecided()? {
            self.fetch()?;
        }
        Ok(&self.queue[0])
    }

    pub(super) fn next(&mut self) -> Result<Token<'s>> {
        self.peek()?;
        self.taken += 1;
        Ok(self.queue.pop_front().expect("peek leaves a token"))
    }

    /// The next token, if it is of the wanted kind; else it stays.
    pub(super) fn next_if(&mut self, wanted: impl Fn(&TokenKind<'s>) -> bool) -> Result<Option<Token<'s>>> {
        match wanted(&self.peek()?.kind) {
            true => self.next().map(Some),
            false => Ok(None),
        }
    }

    /// Whether nothing but blanks stands before an offset on its line.
    pub(super) fn begins_line(&self, at: usize) -> bool {
        let before = self.cursor.slice(0, at);
        before.rsplit(['\n', '\r']).next().is_some_and(|line| line.trim().is_empty())
    }

    /// From an offset to the end of its line.
    pub(super) fn rest_of_line(&self, at: usize) -> Range<usize> {
        let line = self.cursor.rest(at).lines().next().unwrap_or_default();
        at..at + line.trim_end().len()
    }

    /// The innermost bracket that is open where the cursor is.
    pub(super) fn open_bracket(&self) -> Option<Range<usize>> {
        self.brackets.last().map(|&at| at..at + 1)
    }

    /// Whether a key may begin with the first token of the queue, so that tokens may have to be put before it.
    fn head_is_undecided(&mut self) -> Result<bool> {
        match self.undecided.get(&self.taken) {
            Some(&level) => Ok(self.valid_candidate(level)?.is_some()),
            None => Ok(false),
        }
    }

    /// The candidate of a level, unless the cursor has gone too far from it.
    fn valid_candidate(&mut self, level: usize) -> Result<Option<Candidate>> {
        let candidate = self.candidates[level];
        let here = self.cursor.mark;
        if candidate.possible && (candidate.mark.line < here.line || candidate.mark.index + LONGEST_KEY < here.index) {
            self.drop_candidate(level)?;
        }
        Ok(Some(self.candidates[level]).filter(|candidate| candidate.possible))
    }

    fn level(&self) -> usize {
        self.candidates.len() - 1
    }

    fn in_flow(&self) -> bool {
        self.level() > 0
    }

    fn save_candidate(&mut self) -> Result<()> {
        if self.key_allowed {
            self.drop_candidate(self.level())?;
            let mark = self.cursor.mark;
            let required = !self.in_flow() && self.indent == mark.column as isize;
            let token = self.taken + self.queue.len();
            let level = self.level();
            self.candidates[level] = Candidate { possible: true, required, token, mark };
            self.undecided.insert(token, level);
        }
        Ok(())
    }

    fn drop_candidate(&mut self, level: usize) -> Result<()> {
        let candidate = self.candidates[level];
        if candidate.possible && candidate.required {
            return Err(self.no_colon(candidate));
        }
        if candidate.possible {
            self.candidates[level].possible = false;
            self.undecided.remove(&candidate.token);
        }
        Ok(())
    }

    fn no_colon(&self, candidate: Candidate) -> Box<Problem> {
        let start = candidate.mark.at;
        let mut line = self.cursor;
        line.mark = candidate.mark;
        line.skip_line();
        let written = line.since(start).trim_end();
        let problem = Problem::new(start..start + written.len(), "a key must stand here, and a `:` behind it");
        if candidate.mark.line == self.cursor.mark.line {
            return problem
                .help(format!("write a long key behind a `?`: keys without it end within {LONGEST_KEY} characters"));
        }
        match spaced(written) {
            Some(pair) => problem.help(format!("put a space behind the colon: `{pair}`")),
            None => {
                problem.help("write `key: value`; a line that goes on with a value is indented deeper than its key")
            }
        }
    }

    fn push(&mut self, kind: TokenKind<'s>, start: Mark) {
        self.queue.push_back(Token { kind, start, end: self.cursor.mark.at });
    }

    /// Makes a token of the next `bytes` bytes.
    fn push_indicator(&mut self, kind: TokenKind<'s>, bytes: usize) {
        let start = self.cursor.mark;
        for _ in 0..bytes {
            self.cursor.skip();
        }
        self.push(kind, start);
    }

    /// Begins a block collection if `mark` is deeper than the one that is open. Its token goes in front of the token of
    /// number `before`, or to the end.
    fn indent_to(&mut self, mark: Mark, before: Option<usize>, kind: TokenKind<'s>) {
        let column = mark.column as isize;
        if self.in_flow() || self.indent >= column {
            return;
        }
        self.outer_indents.push(self.indent);
        self.indent = column;
        let token = Token { kind, start: mark, end: mark.at };
        match before {
            Some(number) => self.insert(number, token),
            None => self.queue.push_back(token),
        }
    }

    /// Puts a token in front of the one of a number; at the end, if that has left the queue.
    fn insert(&mut self, number: usize, token: Token<'s>) {
        let index = number.checked_sub(self.taken).unwrap_or(self.queue.len());
        self.queue.insert(index, token);
    }

    /// Ends the block collections that are deeper than `column`.
    fn dedent_to(&mut self, column: isize) {
        if self.in_flow() {
            return;
        }
        while self.indent > column {
            self.push(TokenKind::BlockEnd, self.cursor.mark);
            self.indent = self.outer_indents.pop().unwrap_or(-1);
        }
    }

    fn fetch(&mut self) -> Result<()> {
        self.skip_to_token();
        self.dedent_to(self.cursor.mark.column as isize);
        let cursor = &self.cursor;
        if cursor.at_end() {
            return self.fetch_end();
        }
        if cursor.at_marker("---") {
            return self.fetch_marker(TokenKind::DocumentStart);
        }
        if cursor.at_marker("...") {
            return self.fetch_marker(TokenKind::DocumentEnd);
        }
        let in_flow = self.in_flow();
        let in_block = !in_flow;
        let spaced = cursor.is_blank_or_end(1);
        match cursor.peek() {
            b'%' if cursor.mark.column == 0 => self.fetch_directive(),
            b'[' => self.fetch_open(TokenKind::FlowSequenceStart),
            b'{' => self.fetch_open(TokenKind::FlowMappingStart),
            b']' => self.fetch_close(TokenKind::FlowSequenceEnd),
            b'}' => self.fetch_close(TokenKind::FlowMappingEnd),
            b',' => self.fetch_comma(),
            b'-' if spaced => self.fetch_dash(),
            b'?' if in_flow || spaced => self.fetch_question_mark(),
            b':' if in_flow || spaced => self.fetch_colon(),
            b'*' => self.fetch_anchor(TokenKind::Alias),
            b'&' => self.fetch_anchor(TokenKind::Anchor),
            b'!' => self.fetch_tag(),
            b'|' | b'>' if in_block => self.fetch_block_scalar(),
            b'\'' | b'"' => self.fetch_quoted(),
            b'|' | b'>' | b'#' | b'%' | b'@' | b'`' | b'\t' => Err(self.no_token()),
            _ => self.fetch_plain(),
        }
    }

    fn no_token(&self) -> Box<Problem> {
        let at = self.cursor.mark.at;
        let span = at..at + 1;
        match self.cursor.peek() {
            b'\t' => Problem::new(span, "a tab cannot indent a line").help("indent with spaces"),
            b'`' => Problem::new(span, "a value cannot begin with a backtick").help("put the value in quotes"),
            byte => {
                let byte = char::from(byte);
                Problem::new(span, format!("a value cannot begin with `{byte}`")).help("put the value in quotes")
            }
        }
    }

    /// Goes over blanks, comments and line breaks. A tab counts as a blank only where it is not indentation.
    fn skip_to_token(&mut self) {
        let in_flow = self.in_flow();
        let cursor = &mut self.cursor;
        loop {
            while cursor.peek() == b' ' || cursor.peek() == b'\t' && (in_flow || !self.key_allowed) {
                cursor.skip();
            }
            if cursor.peek() == b'#' {
                let start = cursor.mark.at;
                cursor.skip_line();
                self.comments.push(Comment { start: start as u32, end: cursor.mark.at as u32 });
            }
            if !cursor.is_break() {
                return;
            }
            cursor.take_break();
            if !in_flow {
                self.key_allowed = true;
            }
        }
    }

    fn fetch_end(&mut self) -> Result<()> {
        self.dedent_to(-1);
        // What follows the end is on another line.
        if self.cursor.mark.column != 0 {
            self.cursor.mark.line += 1;
            self.cursor.mark.column = 0;
        }
        self.drop_candidate(self.level())?;
        self.key_allowed = false;
        self.push(TokenKind::StreamEnd, self.cursor.mark);
        Ok(())
    }

    fn fetch_marker(&mut self, kind: TokenKind<'s>) -> Result<()> {
        self.dedent_to(-1);
        self.drop_candidate(self.level())?;
        self.key_allowed = false;
        self.push_indicator(kind, 3);
        Ok(())
    }

    fn fetch_open(&mut self, kind: TokenKind<'s>) -> Result<()> {
        self.save_candidate()?;
        let token = self.taken + self.queue.len();
        self.candidates.push(Candidate { possible: false, required: false, token, mark: self.cursor.mark });
        self.brackets.push(self.cursor.mark.at);
        self.key_allowed = true;
        self.push_indicator(kind, 1);
        Ok(())
    }

    fn fetch_close(&mut self, kind: TokenKind<'s>) -> Result<()> {
        self.drop_candidate(self.level())?;
        if self.in_flow() {
            // For a collection without entries this is the number of its opening bracket. So go-yaml no longer waits to see
            // whether the collection is a key: `{} x` is read as `{}`.
            self.undecided.remove(&self.candidates[self.level()].token);
            self.candidates.pop();
            self.brackets.pop();
        }
        self.key_allowed = false;
        self.push_indicator(kind, 1);
        Ok(())
    }

    fn fetch_comma(&mut self) -> Result<()> {
        self.drop_candidate(self.level())?;
        self.key_allowed = true;
        self.push_indicator(TokenKind::FlowEntry, 1);
        Ok(())
    }

    fn fetch_dash(&mut self) -> Result<()> {
        if !self.in_flow() {
            if !self.key_allowed {
                let at = self.cursor.mark.at;
                return Err(Problem::new(at..at + 1, "a list item cannot begin here")
                    .help("begin the list on a new line, or put the value in quotes"));
            }
            self.indent_to(self.cursor.mark, None, TokenKind::BlockSequenceStart);
        }
        self.drop_candidate(self.level())?;
        self.key_allowed = true;
        self.push_indicator(TokenKind::BlockEntry, 1);
        Ok(())
    }

    fn fetch_question_mark(&mut self) -> Result<()> {
        if !self.in_flow() {
            if !self.key_allowed {
                let at = self.cursor.mark.at;
                return Err(Problem::new(at..at + 1, "a key cannot begin here")
                    .help("put a value that begins with `? ` in quotes"));
            }
            self.indent_to(self.cursor.mark, None, TokenKind::BlockMappingStart);
        }
        self.drop_candidate(self.level())?;
        self.key_allowed = !self.in_flow();
        self.push_indicator(TokenKind::Key, 1);
        Ok(())
    }

    fn fetch_colon(&mut self) -> Result<()> {
        let level = self.level();
        if let Some(candidate) = self.valid_candidate(level)? {
            let (start, end) = (candidate.mark, candidate.mark.at);
            self.insert(candidate.token, Token { kind: TokenKind::Key, start, end });
            self.indent_to(candidate.mark, Some(candidate.token), TokenKind::BlockMappingStart);
            self.candidates[level].possible = false;
            self.undecided.remove(&candidate.token);
            self.key_allowed = false;
        } else {
            if !self.in_flow() {
                if !self.key_allowed {
                    return Err(self.no_mapping());
                }
                self.indent_to(self.cursor.mark, None, TokenKind::BlockMappingStart);
            }
            self.key_allowed = !self.in_flow();
        }
        self.push_indicator(TokenKind::Value, 1);
        Ok(())
    }

    /// `a: b: c`, or a second line that was read as the rest of the scalar before.
    fn no_mapping(&self) -> Box<Problem> {
        let at = self.cursor.mark.at;
        let span = at..at + 1;
        match self.plain {
            Some((start, line, end)) if line < self.cursor.mark.line && self.cursor.since(end).trim().is_empty() => {
                let problem = Problem::new(span, "a `:` in a value that goes over several lines")
                    .related(start..start + 1, "the value begins here");
                let first = self.cursor.since(start).split_whitespace().next().unwrap_or_default();
                match spaced(first) {
                    Some(pair) => problem.help(format!("put a space behind the colon: `{pair}`")),
                    None => problem.help("indent this line as the other keys are, or put the value in quotes"),
                }
            }
            _ => Problem::new(span, "a mapping cannot begin here, within the value of another key")
                .help("put the value in quotes, or begin the mapping on a new line and indent it"),
        }
    }

    fn fetch_anchor(&mut self, kind: fn(&'s str) -> TokenKind<'s>) -> Result<()> {
        self.save_candidate()?;
        self.key_allowed = false;
        let start = self.cursor.mark;
        self.cursor.skip();
        let name = self.take_word();
        let ends = self.cursor.is_blank_or_end(0)
            || matches!(self.cursor.peek(), b'?' | b':' | b',' | b']' | b'}' | b'%' | b'@' | b'`');
        if name.is_empty() || !ends {
            let indicator = self.cursor.slice(start.at, start.at + 1);
            let message = format!("no name of an anchor follows `{indicator}`");
            let help = format!("put a value that begins with `{indicator}` in quotes");
            return Err(Problem::new(start.at..self.cursor.mark.at, message).help(help));
        }
        self.push(kind(name), start);
        Ok(())
    }

    /// Letters, digits, `_` and `-`.
    fn take_word(&mut self) -> &'s str {
        let from = self.cursor.mark.at;
        while self.cursor.peek().is_ascii_alphanumeric() || matches!(self.cursor.peek(), b'_' | b'-') {
            self.cursor.skip();
        }
        self.cursor.since(from)
    }

    fn fetch_block_scalar(&mut self) -> Result<()> {
        self.drop_candidate(self.level())?;
        self.key_allowed = true;
        let start = self.cursor.mark;
        let block = block::scan(&mut self.cursor, self.indent, &mut self.comments)?;
        let kind = TokenKind::Scalar { notation: Notation::Block, text: block.text.into() };
        self.queue.push_back(Token { kind, start, end: block.end });
        Ok(())
    }

    fn fetch_quoted(&mut self) -> Result<()> {
        self.save_candidate()?;
        self.key_allowed = false;
        let start = self.cursor.mark;
        let text = folding::quoted(&mut self.cursor)?;
        self.push(TokenKind::Scalar { notation: Notation::Quoted, text }, start);
        Ok(())
    }

    fn fetch_plain(&mut self) -> Result<()> {
        self.save_candidate()?;
        self.key_allowed = false;
        let start = self.cursor.mark;
        let in_flow = self.in_flow();
        let plain = folding::plain(&mut self.cursor, self.indent, in_flow)?;
        if plain.new_line {
            self.key_allowed = true;
        }
        self.plain = Some((start.at, start.line, plain.end));
        let kind = TokenKind::Scalar { notation: Notation::Plain, text: plain.text };
        self.queue.push_back(Token { kind, start, end: plain.end });
        Ok(())
    }

    fn fetch_directive(&mut self) -> Result<()> {
        self.dedent_to(-1);
        self.drop_candidate(self.level())?;
        self.key_allowed = false;
        let start = self.cursor.mark;
        self.cursor.skip();
        let kind = match self.take_word() {
            "YAML" => self.version(start.at)?,
            "TAG" => self.tag_prefix(start.at)?,
            _ => return Err(self.bad_directive(start.at)),
        };
        self.push(kind, start);
        self.cursor.skip_blanks();
        if self.cursor.peek() == b'#' {
            let comment = self.cursor.mark.at;
            self.cursor.skip_line();
            self.comments.push(Comment { start: comment as u32, end: self.cursor.mark.at as u32 });
        }
        if !self.cursor.is_break_or_end() {
            return Err(self.bad_directive(start.at));
        }
        self.cursor.take_break();
        Ok(())
    }

    fn bad_directive(&mut self, start: usize) -> Box<Problem> {
        self.cursor.skip_line();
        Problem::new(start..self.cursor.mark.at, "a line that begins with `%` must be a directive of YAML")
            .help("remove the line; the directives are `%YAML 1.1` and `%TAG ! prefix`, and Kubernetes needs neither")
    }

    fn version(&mut self, start: usize) -> Result<TokenKind<'s>> {
        self.cursor.skip_blanks();
        let major = self.version_number(start)?;
        if self.cursor.peek() != b'.' {
            return Err(self.bad_directive(start));
        }
        self.cursor.skip();
        let minor = self.version_number(start)?;
        Ok(TokenKind::Version { major, minor })
    }

    fn version_number(&mut self, start: usize) -> Result<u8> {
        let from = self.cursor.mark.at;
        while self.cursor.peek().is_ascii_digit() {
            self.cursor.skip();
        }
        match self.cursor.since(from) {
            digits if digits.len() <= 2 => digits.parse().map_err(|_| self.bad_directive(start)),
            _ => Err(self.bad_directive(start)),
        }
    }

    fn tag_prefix(&mut self, start: usize) -> Result<TokenKind<'s>> {
        self.cursor.skip_blanks();
        let handle = self.tag_handle();
        let complete = handle == "!" || handle.len() > 1 && handle.ends_with('!');
        if !complete || !self.cursor.is_blank(0) {
            return Err(self.bad_directive(start));
        }
        self.cursor.skip_blanks();
        let prefix = self.tag_uri(start)?;
        if prefix.is_empty() || !self.cursor.is_blank_or_end(0) {
            return Err(self.bad_directive(start));
        }
        Ok(TokenKind::TagPrefix { handle, prefix })
    }

    /// `!`, `!!`, `!name!`, or the start of a tag without a handle, `!name`; empty if there is no `!`.
    fn tag_handle(&mut self) -> &'s str {
        let from = self.cursor.mark.at;
        if self.cursor.peek() == b'!' {
            self.cursor.skip();
            self.take_word();
            if self.cursor.peek() == b'!' {
                self.cursor.skip();
            }
        }
        self.cursor.since(from)
    }

    fn fetch_tag(&mut self) -> Result<()> {
        self.save_candidate()?;
        self.key_allowed = false;
        let start = self.cursor.mark;
        let (handle, suffix) = if self.cursor.peek_at(1) == b'<' {
            self.cursor.skip();
            self.cursor.skip();
            let suffix = self.tag_uri(start.at)?;
            if suffix.is_empty() || self.cursor.peek() != b'>' {
                return Err(self.bad_tag(start.at));
            }
            self.cursor.skip();
            ("", suffix)
        } else {
            let handle = self.tag_handle();
            let rest = self.tag_uri(start.at)?;
            match handle.len() > 1 && handle.ends_with('!') {
                true if rest.is_empty() => return Err(self.bad_tag(start.at)),
                true => (handle, rest),
                // `!` alone is a tag that is written out.
                false if handle == "!" && rest.is_empty() => ("", "!".to_owned()),
                false => ("!", handle[1..].to_owned() + &rest),
            }
        };
        if !self.cursor.is_blank_or_end(0) {
            return Err(self.bad_tag(start.at));
        }
        self.push(TokenKind::Tag { handle, suffix }, start);
        Ok(())
    }

    fn bad_tag(&self, start: usize) -> Box<Problem> {
        Problem::new(start..self.cursor.mark.at.max(start + 1), "this is no tag of YAML")
            .help("put a value that begins with `!` in quotes")
    }

    /// The characters that a tag may have, with `%` escapes decoded.
    fn tag_uri(&mut self, start: usize) -> Result<String> {
        let mut bytes = Vec::new();
        loop {
            match self.cursor.peek() {
                b'%' => bytes.push(self.tag_escape(start)?),
                byte if byte.is_ascii_alphanumeric() || b"_-;/?:@&=+$,.!~*'()[]".contains(&byte) => {
                    bytes.push(byte);
                    self.cursor.skip();
                }
                _ => return String::from_utf8(bytes).map_err(|_| self.bad_tag(start)),
            }
        }
    }

    fn tag_escape(&mut self, start: usize) -> Result<u8> {
        self.cursor.skip();
        let mut octet = 0;
        for _ in 0..2 {
            let digit = char::from(self.cursor.peek()).to_digit(16).ok_or_else(|| self.bad_tag(start))?;
            octet = octet << 4 | digit as u8;
            self.cursor.skip();
        }
        Ok(octet)
    }
}

/// `key: value` for `key:value`.
fn spaced(written: &str) -> Option<String> {
    let (key, value) = written.split_once(':')?;
    let plausible = !key.is_empty() && !value.is_empty() && written.len() <= 100;
    plausible.then(|| format!("{key}: {value}"))
}
