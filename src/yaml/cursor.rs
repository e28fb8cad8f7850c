//! Characters as YAML 1.1 sees them.

use memchr::{memchr2, memchr2_iter};

/// A place in a text that ends where the document ends; reading past the end gives NUL bytes, which no text holds.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'s> {
    text: &'s str,
    pub(super) mark: Mark,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mark {
    /// In bytes of the whole text.
    pub(super) at: usize,
    /// In characters, from where the cursor began.
    pub(super) index: usize,
    /// Lines from where the cursor began.
    pub(super) line: usize,
    /// Characters from the start of the line.
    pub(super) column: usize,
}

impl<'s> Cursor<'s> {
    /// At offset `at`, which is `column` characters from the start of its line; the text ends at `end`.
    pub(super) fn new(text: &'s str, at: usize, column: usize, end: usize) -> Self {
        Self { text: &text[..end], mark: Mark { at, column, ..Mark::default() } }
    }

    /// The text from offset `from` to here.
    pub(super) fn since(&self, from: usize) -> &'s str {
        &self.text[from..self.mark.at]
    }

    pub(super) fn rest(&self, from: usize) -> &'s str {
        &self.text[from..]
    }

    pub(super) fn slice(&self, from: usize, to: usize) -> &'s str {
        &self.text[from..to]
    }

    pub(super) fn peek(&self) -> u8 {
        self.peek_at(0)
    }

    /// The byte `ahead` bytes further on.
    pub(super) fn peek_at(&self, ahead: usize) -> u8 {
        self.text.as_bytes().get(self.mark.at + ahead).copied().unwrap_or_default()
    }

    pub(super) fn starts_with(&self, text: &str) -> bool {
        self.text.as_bytes()[self.mark.at..].starts_with(text.as_bytes())
    }

    pub(super) fn at_end(&self) -> bool {
        self.mark.at >= self.text.len()
    }

    /// Whether a document marker, `---` or `...`, stands here.
    pub(super) fn at_marker(&self, marker: &str) -> bool {
        self.mark.column == 0 && self.starts_with(marker) && self.is_blank_or_end(marker.len())
    }

    pub(super) fn is_blank(&self, ahead: usize) -> bool {
        matches!(self.peek_at(ahead), b' ' | b'\t')
    }

    /// The bytes of the line break `ahead`; 0 if there is none. YAML 1.1 knows NEL, LS and PS too.
    pub(super) fn break_width(&self, ahead: usize) -> usize {
        match self.peek_at(ahead) {
            b'\n' => 1,
            b'\r' if self.peek_at(ahead + 1) == b'\n' => 2,
            b'\r' => 1,
            0xC2 if self.peek_at(ahead + 1) == 0x85 => 2,
            0xE2 if self.peek_at(ahead + 1) == 0x80 && matches!(self.peek_at(ahead + 2), 0xA8 | 0xA9) => 3,
            _ => 0,
        }
    }

    pub(super) fn is_break(&self) -> bool {
        self.break_width(0) > 0
    }

    pub(super) fn is_break_or_end(&self) -> bool {
        self.at_end() || self.is_break()
    }

    /// Whether a blank, a line break or the end is `ahead`.
    pub(super) fn is_blank_or_end(&self, ahead: usize) -> bool {
        self.is_blank(ahead) || self.break_width(ahead) > 0 || self.mark.at + ahead >= self.text.len()
    }

    /// Goes over one character that is not a line break.
    pub(super) fn skip(&mut self) {
        self.mark.at = (self.mark.at + width(self.peek())).min(self.text.len());
        self.mark.index += 1;
        self.mark.column += 1;
    }

    pub(super) fn skip_blanks(&mut self) {
        while self.is_blank(0) {
            self.skip();
        }
    }

    /// Goes to the end of the line.
    pub(super) fn skip_line(&mut self) {
        let rest = &self.text.as_bytes()[self.mark.at..];
        let end = memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
        let rare = memchr2_iter(0xC2, 0xE2, &rest[..end]).find(|&ahead| self.break_width(ahead) > 0);
        let end = rare.unwrap_or(end);
        let characters = rest[..end].iter().filter(|&&byte| is_first_byte(byte)).count();
        self.mark.at += end;
        self.mark.index += characters;
        self.mark.column += characters;
    }

    /// Goes over a line break, if there is one, and gives what it is in a value: all but LS and PS become a line feed.
    pub(super) fn take_break(&mut self) -> &'static str {
        let text = match (self.break_width(0), self.peek_at(2)) {
            (0, _) => return "",
            (3, 0xA8) => "\u{2028}",
            (3, _) => "\u{2029}",
            _ => "\n",
        };
        self.mark.index += if self.peek() == b'\r' { self.break_width(0) } else { 1 };
        self.mark.at += self.break_width(0);
        self.mark.line += 1;
        self.mark.column = 0;
        text
    }
}

fn is_first_byte(byte: u8) -> bool {
    byte & 0xC0 != 0x80
}

/// The bytes of the character that starts with `first`.
fn width(first: u8) -> usize {
    match first {
        0..0x80 => 1,
        0x80..0xE0 => 2,
        0xE0..0xF0 => 3,
        _ => 4,
    }
}
