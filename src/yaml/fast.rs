//! The shortcut: block YAML as manifests are written, and JSON, in one pass over the bytes and straight into the tape.
//!
//! Left out are anchors, aliases, tags, merge keys, `?` keys, quoted scalars of several lines, tabs outside of JSON,
//! directives, duplicate keys and whatever is an error: there [`Shortcut::read`] gives up. What it does read it reads as
//! `scanner`, `grammar` and `compose` do, spans and comments included.

use std::borrow::Cow;
use std::hash::Hasher;
use std::ops::Range;

use memchr::memchr;
use rustc_hash::FxHasher;

use super::block;
use super::characters;
use super::cursor::Cursor;
use super::folding;
use super::scalar::Scalar;
use super::tape::{Cell, Comment, MAX_DEPTH, Style, Tape};

/// Bytes that a key may have, less than the characters that go-yaml allows from its start to its colon.
const LONGEST_KEY: usize = 1000;

/// Memory that is used again for each document.
#[derive(Default)]
pub(super) struct Shortcut {
    open: Vec<Open>,
    keys: Vec<u64>,
}

/// A block collection around the present line.
#[derive(Clone, Copy)]
struct Open {
    column: usize,
    /// Index of its entry in the tape.
    cell: usize,
    is_sequence: bool,
    /// Where its keys begin in [`Reader::keys`].
    first_key: usize,
}

/// What gave up has `None`.
type Step<T = ()> = Option<T>;

impl Shortcut {
    /// Appends a document to the tape and gives whether it could. If not, the caller drops what has been appended.
    pub(super) fn read(
        &mut self,
        text: &str,
        document: Range<usize>,
        tape: &mut Tape,
        comments: &mut Vec<Comment>,
    ) -> bool {
        self.open.clear();
        self.keys.clear();
        let text = &text[..document.end];
        let (open, keys) = (&mut self.open, &mut self.keys);
        let wanted = Some(Wanted { within: None, at: document.start });
        let (next, end) = (document.start, document.start);
        let mut reader = Reader { text, next, tape, comments, open, keys, wanted, end, cooked: 0..0 };
        characters::is_simple(&text[document]) && reader.document().is_some()
    }
}

struct Reader<'r, 's> {
    /// Ends with the document.
    text: &'s str,
    /// Where the next line begins.
    next: usize,
    tape: &'r mut Tape,
    comments: &'r mut Vec<Comment>,
    open: &'r mut Vec<Open>,
    /// Fingerprints of the keys of all mappings that are open.
    keys: &'r mut Vec<u64>,
    /// The value that has to come next.
    wanted: Option<Wanted>,
    /// Behind the last scalar or bracket.
    end: usize,
    /// Of the scalar that was cooked last.
    cooked: Range<usize>,
}

/// The value of the document, of a `key:` or of a `-`.
#[derive(Clone, Copy)]
struct Wanted {
    /// Column of the key or dash.
    within: Option<usize>,
    /// Where it is if there is none.
    at: usize,
}

/// A scalar on one line.
#[derive(Clone, Copy)]
struct Word {
    start: usize,
    end: usize,
    /// Where it was found to end: a plain scalar may have blanks behind it.
    stop: usize,
    /// If it is [`Style::Cooked`], its text is the one that was cooked last.
    style: Style,
}

/// A line without its line break.
#[derive(Clone, Copy)]
struct Line {
    start: usize,
    end: usize,
}

impl<'s> Reader<'_, 's> {
    fn document(&mut self) -> Step {
        if self.text[self.next..].starts_with("---") {
            let line = self.take_line();
            self.rest_of_line(line.start + 3, line.end)?;
        }
        while self.next < self.text.len() {
            let line = self.take_line();
            self.line(line)?;
        }
        self.fill_in();
        while !self.open.is_empty() {
            self.close()?;
        }
        Some(())
    }

    fn byte(&self, at: usize) -> u8 {
        self.text.as_bytes().get(at).copied().unwrap_or(b'\n')
    }

    fn take_line(&mut self) -> Line {
        let bytes = self.text.as_bytes();
        let start = self.next;
        let end = memchr(b'\n', &bytes[start..]).map_or(bytes.len(), |length| start + length);
        self.next = (end + 1).min(bytes.len());
        let end = if end > start && bytes[end - 1] == b'\r' { end - 1 } else { end };
        Line { start, end }
    }

    fn skip_spaces(&self, mut at: usize, end: usize) -> usize {
        let bytes = self.text.as_bytes();
        while at < end && bytes[at] == b' ' {
            at += 1;
        }
        at
    }

    /// Goes over blanks and a comment to the end of the line.
    fn rest_of_line(&mut self, at: usize, end: usize) -> Step {
        let rest = self.skip_spaces(at, end);
        if rest < end {
            if self.byte(rest) != b'#' || rest == at {
                return None;
            }
            self.comment(rest, end);
        }
        Some(())
    }

    fn comment(&mut self, start: usize, end: usize) {
        self.comments.push(Comment { start: start as u32, end: end as u32 });
    }

    fn line(&mut self, line: Line) -> Step {
        let mut at = self.skip_spaces(line.start, line.end);
        if at == line.end {
            return Some(());
        }
        match self.byte(at) {
            b'#' => {
                self.comment(at, line.end);
                return Some(());
            }
            b'.' | b'%' if at == line.start => return None,
            _ => {}
        }
        let mut dash = self.is_dash(at, line.end);
        self.make_room(at - line.start, dash);
        if self.wanted.is_none() && self.open.last().is_some_and(|open| open.column < at - line.start) {
            return self.continuation(line);
        }
        self.close_behind(at - line.start, dash)?;
        while dash {
            self.item(at - line.start, at)?;
            at = self.skip_spaces(at + 1, line.end);
            if at == line.end {
                return Some(());
            }
            if self.byte(at) == b'#' {
                self.comment(at, line.end);
                return Some(());
            }
            dash = self.is_dash(at, line.end);
        }
        self.content(at, line)
    }

    /// A line that is deeper than it may be must be more of the plain scalar before it.
    fn continuation(&mut self, line: Line) -> Step {
        let within = self.open.last()?.column;
        // One within brackets is over.
        let cell =
            self.tape.cells.pop().filter(|cell| cell.style() == Style::Plain && cell.end as usize == self.end)?;
        let mut cursor = Cursor::new(self.text, cell.start as usize, within + 1, self.text.len());
        let plain = folding::plain(&mut cursor, within as isize, false).ok()?;
        let whole_lines = plain.new_line || cursor.at_end();
        if cursor.mark.at <= line.start || !whole_lines {
            return None;
        }
        self.cooked = self.tape.cook(&plain.text);
        self.tape.cooked_next(self.cooked.clone());
        self.push(cell.start as usize..plain.end, Style::CookedPlain);
        self.next = line_start(&cursor);
        Some(())
    }

    fn is_dash(&self, at: usize, end: usize) -> bool {
        self.byte(at) == b'-' && (at + 1 == end || self.byte(at + 1) == b' ')
    }

    /// Puts nothing where a value is wanted, if the line that begins at `column` cannot be it.
    fn make_room(&mut self, column: usize, dash: bool) {
        let Some(Wanted { within: Some(within), .. }) = self.wanted else { return };
        let after_key = self.open.last().is_some_and(|open| !open.is_sequence);
        if column < within || column == within && !(dash && after_key) {
            self.fill_in();
        }
    }

    fn fill_in(&mut self) {
        if let Some(Wanted { within: Some(_), at }) = self.wanted.take() {
            self.push(at..at, Style::Missing);
        }
    }

    /// Closes the collections that the line at `column` is not part of.
    fn close_behind(&mut self, column: usize, dash: bool) -> Step {
        if self.wanted.is_some() {
            return Some(());
        }
        while let Some(open) = self.open.last() {
            if open.column < column || open.column == column && (dash || !open.is_sequence) {
                break;
            }
            self.close()?;
        }
        Some(())
    }

    fn open(&mut self, column: usize, start: usize, is_sequence: bool) -> Step {
        if self.open.len() == MAX_DEPTH {
            return None;
        }
        let cell = self.tape.cells.len();
        self.open.push(Open { column, cell, is_sequence, first_key: self.keys.len() });
        self.push(start..start, if is_sequence { Style::Sequence } else { Style::Mapping });
        Some(())
    }

    fn close(&mut self) -> Step {
        let open = self.open.pop()?;
        self.finish(open.cell, open.first_key, self.end)
    }

    /// Ends a collection, unless it has the same key twice.
    fn finish(&mut self, cell: usize, first_key: usize, end: usize) -> Step {
        let skip = self.tape.cells.len();
        let cell = &mut self.tape.cells[cell];
        *cell = Cell::new(cell.start as usize..end, cell.style(), skip);
        let unique = are_unique(&mut self.keys[first_key..]);
        self.keys.truncate(first_key);
        unique.then_some(())
    }

    fn push(&mut self, at: Range<usize>, style: Style) {
        self.end = at.end;
        let skip = self.tape.cells.len() + 1;
        self.tape.cells.push(Cell::new(at, style, skip));
    }

    fn push_word(&mut self, word: Word) {
        if word.style == Style::Cooked {
            self.tape.cooked_next(self.cooked.clone());
        }
        self.push(word.start..word.end, word.style);
    }

    /// The dash of an item.
    fn item(&mut self, column: usize, at: usize) -> Step {
        match self.open.last() {
            _ if self.wanted.is_some() => self.open(column, at, true)?,
            Some(open) if open.is_sequence && open.column == column => {}
            _ => return None,
        }
        self.wanted = Some(Wanted { within: Some(column), at: at + 1 });
        Some(())
    }

    /// A key with its value, or a value.
    fn content(&mut self, at: usize, line: Line) -> Step {
        if matches!(self.byte(at), b'[' | b'{' | b'|' | b'>') {
            return self.value(at, line);
        }
        let word = self.word(at, line.end)?;
        let stop = self.skip_spaces(word.stop, line.end);
        let is_key = stop < line.end && self.byte(stop) == b':';
        if !is_key {
            self.wanted.take()?;
            self.push_value(word)?;
            return self.rest_of_line(word.end, line.end);
        }
        if stop + 1 < line.end && self.byte(stop + 1) != b' ' {
            return None;
        }
        let column = at - line.start;
        match self.open.last() {
            _ if self.wanted.is_some() => self.open(column, at, false)?,
            Some(open) if !open.is_sequence && open.column == column => {}
            _ => return None,
        }
        self.push_key(word)?;
        self.wanted = Some(Wanted { within: Some(column), at: stop + 1 });
        let value = self.skip_spaces(stop + 1, line.end);
        if value == line.end {
            return Some(());
        }
        if self.byte(value) == b'#' {
            self.comment(value, line.end);
            return Some(());
        }
        self.value(value, line)
    }

    /// The value that is wanted.
    fn value(&mut self, at: usize, line: Line) -> Step {
        let wanted = self.wanted.take()?;
        match self.byte(at) {
            b'[' | b'{' => {
                let end = self.flow(at, self.open.len())?;
                if end > line.end {
                    self.next = end;
                    let last = self.take_line();
                    return self.rest_of_line(end, last.end);
                }
                self.rest_of_line(end, line.end)
            }
            b'|' | b'>' => self.block_scalar(at, line, wanted.within),
            b'-' if self.is_dash(at, line.end) => None,
            _ => {
                let word = self.word(at, line.end)?;
                self.push_value(word)?;
                self.rest_of_line(word.end, line.end)
            }
        }
    }

    fn block_scalar(&mut self, at: usize, line: Line, within: Option<usize>) -> Step {
        let parent = within.map_or(-1, |column| column as isize);
        let mut cursor = Cursor::new(self.text, at, at - line.start, self.text.len());
        let block = block::scan(&mut cursor, parent, self.comments).ok()?;
        self.cooked = self.tape.cook(&block.text);
        self.push_word(Word { start: at, end: block.end, stop: block.end, style: Style::Cooked });
        self.next = line_start(&cursor);
        Some(())
    }

    /// A plain or quoted scalar of a block collection.
    fn word(&mut self, at: usize, end: usize) -> Step<Word> {
        match self.byte(at) {
            b'"' | b'\'' => self.quoted(at, end),
            b'&' | b'*' | b'!' | b'@' | b'`' | b'%' | b',' | b']' | b'}' | b'?' | b':' | b'#' | b'|' | b'>' => None,
            _ => Some(self.plain(at, self.plain_end(at, end))),
        }
    }

    fn plain(&self, start: usize, stop: usize) -> Word {
        let bytes = self.text.as_bytes();
        let mut end = stop;
        while end > start && bytes[end - 1] == b' ' {
            end -= 1;
        }
        Word { start, end, stop, style: Style::Plain }
    }

    /// Where a comment, a colon with a blank behind it, or the line ends a plain scalar.
    fn plain_end(&self, start: usize, end: usize) -> usize {
        let bytes = &self.text.as_bytes()[..end];
        let mut from = start;
        while let Some(length) = bytes[from..].iter().position(|byte| matches!(byte, b':' | b'#')) {
            let at = from + length;
            match bytes[at] {
                b':' if bytes.get(at + 1).is_none_or(|&next| next == b' ') => return at,
                b'#' if bytes[at - 1] == b' ' => return at,
                _ => from = at + 1,
            }
        }
        end
    }

    /// A scalar in quotes that ends before `end`.
    fn quoted(&mut self, start: usize, end: usize) -> Step<Word> {
        let bytes = &self.text.as_bytes()[..end];
        let quote = bytes[start];
        let close = start + 1 + bytes[start + 1..].iter().position(|&byte| byte == quote || byte == b'\\')?;
        let doubled = quote == b'\'' && bytes.get(close + 1) == Some(&b'\'');
        let backslash = bytes[close] == b'\\';
        if !doubled && !backslash {
            return Some(Word { start, end: close + 1, stop: close + 1, style: Style::Quoted });
        }
        let mut cursor = Cursor::new(self.text, start, 1, end);
        let text = folding::quoted(&mut cursor).ok()?;
        let end = cursor.mark.at;
        let style = match text {
            Cow::Borrowed(_) => Style::Quoted,
            Cow::Owned(text) => {
                self.cooked = self.tape.cook(&text);
                Style::Cooked
            }
        };
        Some(Word { start, end, stop: end, style })
    }

    fn push_value(&mut self, word: Word) -> Step {
        let may_be_infinite = word.style == Style::Plain
            && matches!(self.byte(word.start), b'.' | b'+' | b'-')
            && matches!(word.end - word.start, 4 | 5);
        if may_be_infinite {
            // JSON has no infinity.
            let value = Scalar::resolve(&self.text[word.start..word.end]);
            if matches!(value, Scalar::Float(value) if !value.is_finite()) {
                return None;
            }
        }
        self.push_word(word);
        Some(())
    }

    fn push_key(&mut self, word: Word) -> Step {
        if word.end - word.start > LONGEST_KEY {
            return None;
        }
        let fingerprint = match word.style {
            Style::Plain => plain_fingerprint(&self.text[word.start..word.end])?,
            Style::Quoted => fingerprint(&self.text[word.start + 1..word.end - 1]),
            _ => fingerprint(self.tape.text(&self.cooked)),
        };
        self.keys.push(fingerprint);
        self.push_word(word);
        Some(())
    }

    /// A collection in brackets, `depth` levels deep. Gives where it ends.
    fn flow(&mut self, start: usize, depth: usize) -> Step<usize> {
        if depth == MAX_DEPTH {
            return None;
        }
        let is_sequence = self.byte(start) == b'[';
        let close = if is_sequence { b']' } else { b'}' };
        let (cell, first_key) = (self.tape.cells.len(), self.keys.len());
        self.push(start..start, if is_sequence { Style::Sequence } else { Style::Mapping });
        let mut at = self.skip_space(start + 1)?;
        while self.byte(at) != close {
            if !is_sequence {
                at = self.flow_key(at)?;
            }
            at = self.flow_value(at, depth, is_sequence)?;
            at = self.skip_space(at)?;
            match self.byte(at) {
                b',' => at = self.skip_space(at + 1)?,
                byte if byte == close => {}
                _ => return None,
            }
        }
        self.end = at + 1;
        self.finish(cell, first_key, at + 1)?;
        Some(at + 1)
    }

    /// A key in braces and its colon, on one line. Gives where its value begins.
    fn flow_key(&mut self, at: usize) -> Step<usize> {
        let word = self.flow_word(at)?;
        let colon = self.skip_spaces(word.end, self.text.len());
        let spaced = matches!(self.byte(colon + 1), b' ' | b'\n' | b'\r');
        if self.byte(colon) != b':' || word.style == Style::Plain && !spaced || colon - at > LONGEST_KEY {
            return None;
        }
        self.push_key(word)?;
        self.skip_space(colon + 1)
    }

    fn flow_value(&mut self, at: usize, depth: usize, is_sequence: bool) -> Step<usize> {
        match self.byte(at) {
            b'[' | b'{' => self.flow(at, depth + 1),
            b',' | b'}' if !is_sequence => {
                self.push(at..at, Style::Missing);
                Some(at)
            }
            _ => {
                let word = self.flow_word(at)?;
                self.push_value(word)?;
                Some(word.end)
            }
        }
    }

    /// A scalar in brackets, on one line.
    fn flow_word(&mut self, at: usize) -> Step<Word> {
        match self.byte(at) {
            b'"' | b'\'' => {
                let bytes = self.text.as_bytes();
                let end = memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |length| at + length);
                self.quoted(at, end)
            }
            b'-' if !self.byte(at + 1).is_ascii_alphanumeric() => None,
            b'&' | b'*' | b'!' | b'|' | b'>' | b'@' | b'`' | b'%' | b'#' | b'?' | b':' | b',' | b'[' | b']' | b'{'
            | b'}' => None,
            _ => {
                let word = self.plain(at, self.flow_plain_end(at)?);
                (word.start < word.end).then_some(word)
            }
        }
    }

    /// As [`Reader::plain_end`], but for brackets and commas too. A line break must have one of these behind it, else the
    /// scalar goes on.
    fn flow_plain_end(&self, start: usize) -> Step<usize> {
        let bytes = self.text.as_bytes();
        for at in start..bytes.len() {
            match bytes[at] {
                b',' | b']' | b'}' => return Some(at),
                b'[' | b'{' | b'?' => return None,
                b':' if matches!(self.byte(at + 1), b' ' | b'\n' | b'\r') => return Some(at),
                b'\t' => return None,
                b'#' if bytes[at - 1] == b' ' => return None,
                b'\n' | b'\r' => {
                    let next = bytes[at..].iter().find(|byte| !matches!(byte, b' ' | b'\n' | b'\r'));
                    return next.is_some_and(|byte| matches!(byte, b',' | b']' | b'}')).then_some(at);
                }
                _ => {}
            }
        }
        None
    }

    /// Goes over blanks, line breaks and comments within brackets.
    fn skip_space(&mut self, mut at: usize) -> Step<usize> {
        let bytes = self.text.as_bytes();
        let start = at;
        while at < bytes.len() {
            match bytes[at] {
                b' ' | b'\t' | b'\n' | b'\r' => at += 1,
                b'#' if at > start => {
                    let length = memchr(b'\n', &bytes[at..]).unwrap_or(bytes.len() - at);
                    let end = at + length;
                    let trimmed = if bytes[end - 1] == b'\r' { end - 1 } else { end };
                    self.comment(at, trimmed);
                    at = end;
                }
                // At the start of a line these may be more than a value.
                b'.' | b'%' | b'-' if at > 0 && bytes[at - 1] == b'\n' => return None,
                _ => return Some(at),
            }
        }
        None
    }
}

/// Of a cursor that stands behind the indentation of a line, or at the end.
fn line_start(cursor: &Cursor<'_>) -> usize {
    if cursor.at_end() { cursor.mark.at } else { cursor.mark.at - cursor.mark.column }
}

/// Of a key as JSON has it; of none that go-yaml refuses or merges.
fn plain_fingerprint(key: &str) -> Step<u64> {
    match Scalar::resolve(key) {
        Scalar::String("<<") | Scalar::Null | Scalar::Uint(_) => None,
        scalar => Some(fingerprint(&scalar.into_key())),
    }
}

fn fingerprint(key: &str) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(key.as_bytes());
    hasher.finish()
}

/// Whether all differ. May reorder them.
fn are_unique(keys: &mut [u64]) -> bool {
    const FEW: usize = 12;
    if keys.len() <= FEW {
        return keys.iter().enumerate().all(|(index, key)| !keys[..index].contains(key));
    }
    keys.sort_unstable();
    keys.windows(2).all(|pair| pair[0] != pair[1])
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::source::SourceId;
    use crate::yaml::{compose, grammar, split};

    use super::*;

    fn read_fast(text: &str) -> Option<(Tape, Vec<Comment>)> {
        let (mut tape, mut comments) = (Tape::default(), Vec::new());
        Shortcut::default().read(text, 0..text.len(), &mut tape, &mut comments).then_some((tape, comments))
    }

    fn read_exactly(text: &str) -> Option<(Tape, Vec<Comment>)> {
        let (nodes, comments) = grammar::read(text, 0..text.len());
        let mut tape = Tape::default();
        let nodes = nodes.ok()?;
        if !nodes.is_empty() {
            let remarks = compose::compose(&nodes, SourceId::default(), text, &mut tape).ok()?;
            // Duplicate keys and overridden ones are for the exact reader alone.
            if !remarks.duplicates.is_empty() || !remarks.overrides.is_empty() {
                return None;
            }
        }
        Some((tape, comments))
    }

    /// Compares the two readers where the shortcut does not give up. Gives how many documents there are and how many of
    /// them it reads.
    fn compare(text: &str) -> (usize, usize) {
        let chunks = split::split(text, &mut Vec::new());
        let read = chunks.iter().filter(|chunk| compare_document(&text[chunk.range.clone()])).count();
        (chunks.len(), read)
    }

    fn compare_document(text: &str) -> bool {
        let Some((fast, fast_comments)) = read_fast(text) else { return false };
        let exact = characters::forbidden(text, 0).is_none().then(|| read_exactly(text)).flatten();
        let Some((exact, comments)) = exact else { panic!("only the shortcut reads {text:?}") };
        assert!(fast.is_same(&exact), "{text:?}:\nfast  {fast:?}\nexact {exact:?}");
        assert_eq!(fast_comments, comments, "{text:?}");
        true
    }

    /// Numbers that look random and are the same in each run.
    struct Random(u64);

    impl Random {
        fn below(&mut self, bound: usize) -> usize {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            (self.0 % bound as u64) as usize
        }
    }

    fn rounds(usual: usize) -> usize {
        std::env::var("YAML_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(usual)
    }

    #[test]
    fn the_shortcut_reads_what_the_exact_reader_reads() {
        const PIECES: [&str; 64] = [
            "a", "b", "c", "key", "é", "1", "0x1", ".5", ".inf", "-.inf", "~", "null", "yes", "n", "<<", "-1", "x y",
            "a: ", "b: ", "c:", ": ", ":", "- ", "-", "- - ", "\n", "\n", "\n", "\n  ", "\n  ", "\n    ", "\n\n",
            "\r\n", "\r", " ", "  ", "\t", "\n- ", "\n  - ", "\na: ", "\n  b: ", "\n  c:", "{", "}", "[", "]", ", ",
            ",", "\"", "'", "''", "\\n", "\\", "#", " # c", "|", ">", "|-\n", "&x ", "*x", "!t ", "? ", "...", "%",
        ];
        let mut random = Random(0x9E37_79B9_7F4A_7C15);
        let mut read = 0;
        let rounds = rounds(40_000);
        for _ in 0..rounds {
            let length = 1 + random.below(14);
            let text: String = (0..length).map(|_| PIECES[random.below(PIECES.len())]).collect();
            read += compare(&text).1;
        }
        assert!(read > rounds / 20, "only {read} of {rounds} are read by the shortcut");
    }

    const MANIFEST: &str = r#"# a comment
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: reviews   # trailing
  labels: {app: reviews, "version": 'v1', empty: , list: [a, "b\n", 3]}
spec:
  hosts:
  - reviews.prod.svc.cluster.local
  - "*.example.com"
  http:
    - match:
        - uri:
            prefix: /wpcatalog
          ignoreUriCase: yes
      route: [
        {"destination": {"host": "reviews", "subset": "v2"}, "weight": 25},  # one
        {destination: {host: reviews}, weight: 75}
      ]
      timeout: 5s
    - fault: {}
      headers:
      script: |
        function envoy_on_request(h)

          h:headers():add("a", 'b')  # not a comment
        end
      folded: >-
        one
        two

        three
  exportTo:
  -
  - .
"#;

    #[test]
    fn damaged_manifests_are_read_alike_and_nothing_panics() {
        assert_eq!(compare(MANIFEST), (1, 1));
        let crlf = MANIFEST.replace('\n', "\r\n");
        assert_eq!(compare(&crlf), (1, 1));
        let mut random = Random(42);
        for round in 0..rounds(6_000) {
            let mut bytes = if round % 8 == 0 { crlf.clone() } else { MANIFEST.to_owned() }.into_bytes();
            for _ in 0..=random.below(3) {
                let at = random.below(bytes.len() - 1);
                match random.below(4) {
                    0 => bytes.truncate(at + 2),
                    1 if bytes.len() > 2 => drop(bytes.remove(at)),
                    2 => bytes.insert(at, b" \n:-#{}[],'\"|>&*!%@`?\t.~"[random.below(24)]),
                    _ => bytes[at] = b" \n:-#{}[],'\"|>&*!%@`?\t.~"[random.below(24)],
                }
            }
            let text = String::from_utf8_lossy(&bytes);
            compare(&text);
            read_exactly(&text.replace("hosts:", "hosts: &h").replace("{}", "*h"));
        }
    }

    #[test]
    fn what_it_leaves_out_it_leaves_alone() {
        for text in [
            "a: &x 1",
            "a: *x",
            "a: !!str 1",
            "? a\n: b",
            "a: x\n  y: z",
            "a: x # c\n  y",
            "a: [x]\n  y",
            "x\n  y",
            "a: \"x\n  y\"",
            "a:\t1",
            "a: 1\na: 2",
            "{a: 1, 'a': 2}",
            "1: a\n0x1: b",
            "yes: a\n\"true\": b",
            "<<: {a: 1}",
            "~: a",
            "a: .inf",
            "a: 1\n...\n",
            "%YAML 1.1\n---\na: 1",
            "a: b: c",
            "a: \"x",
            "[a: b]",
            "[a",
            "a: 18446744073709551615\n18446744073709551615: a",
            "\"a\":1",
            "a: @x",
        ] {
            assert!(read_fast(text).is_none(), "{text:?}");
        }
    }

    #[test]
    fn real_manifests_take_the_shortcut() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/seeds");
        let (mut all, mut read) = (0, 0);
        for entry in ignore::Walk::new(folder).flatten() {
            let path = entry.path();
            if path.extension().is_none_or(|extension| extension != "yaml") {
                continue;
            }
            // Some cases are not text.
            let Ok(text) = std::fs::read_to_string(path) else { continue };
            let (documents, shortcuts) = compare(&text);
            all += documents;
            read += shortcuts;
        }
        assert!(read * 100 >= all * 95, "{read} of {all}");
    }
}
