//! Plain and quoted scalars, which may go over several lines.

use std::borrow::Cow;

use super::cursor::Cursor;
use super::problem::{Problem, Result};

/// The blanks and line breaks between two words.
#[derive(Default)]
struct Gap {
    first_break: &'static str,
    further_breaks: String,
}

impl Gap {
    /// Goes over blanks and breaks. `broken`: a line break went before, so that blanks are indentation.
    /// Gives whether there was a line break.
    fn skip(&mut self, cursor: &mut Cursor<'_>, mut broken: bool, parent: isize) -> Result<bool> {
        *self = Self::default();
        loop {
            if cursor.is_blank(0) {
                if broken && cursor.peek() == b'\t' && (cursor.mark.column as isize) <= parent {
                    let at = cursor.mark.at;
                    return Err(Problem::new(at..at + 1, "a tab cannot indent a line").help("indent with spaces"));
                }
                cursor.skip();
            } else if !cursor.is_break() {
                return Ok(broken);
            } else if broken {
                self.further_breaks.push_str(cursor.take_break());
            } else {
                self.first_break = cursor.take_break();
                broken = true;
            }
        }
    }

    /// What the line breaks are in the value: one becomes a space, and of more the first is dropped.
    fn fold_into(&self, text: &mut String) {
        match (self.first_break, self.further_breaks.is_empty()) {
            ("\n", true) => text.push(' '),
            ("\n", false) => {}
            (other, _) => text.push_str(other),
        }
        text.push_str(&self.further_breaks);
    }
}

/// The `parent` of lines that may start anywhere.
const ANY_INDENTATION: isize = -1;

pub(super) struct Plain<'s> {
    pub(super) text: Cow<'s, str>,
    pub(super) end: usize,
    /// Whether the cursor went on to another line behind it.
    pub(super) new_line: bool,
}

/// Reads a plain scalar. In block context, lines go on as long as they are indented deeper than `parent`.
pub(super) fn plain<'s>(cursor: &mut Cursor<'s>, parent: isize, in_flow: bool) -> Result<Plain<'s>> {
    let start = cursor.mark.at;
    let mut folded: Option<String> = None;
    let mut gap = Gap::default();
    let mut new_line = false;
    let (mut from, mut end) = (start, start);
    loop {
        if cursor.at_marker("---") || cursor.at_marker("...") || cursor.peek() == b'#' {
            break;
        }
        let word = cursor.mark.at;
        skip_word(cursor, in_flow);
        if cursor.mark.at > word {
            if new_line {
                let text = folded.get_or_insert_default();
                text.push_str(cursor.slice(from, end));
                gap.fold_into(text);
                from = word;
                new_line = false;
            }
            end = cursor.mark.at;
        }
        if !cursor.is_blank(0) && !cursor.is_break() {
            break;
        }
        new_line = gap.skip(cursor, false, parent)?;
        let in_block = !in_flow;
        if in_block && new_line && (cursor.mark.column as isize) <= parent {
            break;
        }
    }
    let last = cursor.slice(from, end);
    let text = folded.map_or(Cow::Borrowed(last), |text| Cow::Owned(text + last));
    Ok(Plain { text, end, new_line })
}

fn skip_word(cursor: &mut Cursor<'_>, in_flow: bool) {
    while !cursor.is_blank_or_end(0) {
        match cursor.peek() {
            b':' if cursor.is_blank_or_end(1) => return,
            b',' | b'?' | b'[' | b']' | b'{' | b'}' if in_flow => return,
            _ => cursor.skip(),
        }
    }
}

/// Reads a scalar in single or double quotes.
pub(super) fn quoted<'s>(cursor: &mut Cursor<'s>) -> Result<Cow<'s, str>> {
    let start = cursor.mark.at;
    let quote = cursor.peek();
    let double = quote == b'"';
    cursor.skip();
    let mut cooked: Option<String> = None;
    let mut gap = Gap::default();
    // What is between `from` and the cursor is still to be copied.
    let mut from = cursor.mark.at;
    loop {
        if cursor.at_end() || cursor.at_marker("---") || cursor.at_marker("...") {
            let help = format!("add the closing {}", quote_name(quote));
            return Err(Problem::new(start..start + 1, "this quote is never closed").help(help));
        }
        let mut broken = false;
        while !cursor.is_blank_or_end(0) {
            match cursor.peek() {
                b'\'' if !double && cursor.peek_at(1) == b'\'' => {
                    let text = cooked.get_or_insert_default();
                    cursor.skip();
                    text.push_str(cursor.since(from));
                    cursor.skip();
                    from = cursor.mark.at;
                }
                byte if byte == quote => break,
                b'\\' if double => {
                    let text = cooked.get_or_insert_default();
                    text.push_str(cursor.since(from));
                    broken = cursor.break_width(1) > 0;
                    if broken {
                        cursor.skip();
                        cursor.take_break();
                    } else {
                        text.push(escape(cursor)?);
                    }
                    from = cursor.mark.at;
                    if broken {
                        break;
                    }
                }
                _ => cursor.skip(),
            }
        }
        if cursor.peek() == quote {
            break;
        }
        let end = cursor.mark.at;
        if gap.skip(cursor, broken, ANY_INDENTATION)? {
            let text = cooked.get_or_insert_default();
            text.push_str(cursor.slice(from, end));
            gap.fold_into(text);
            from = cursor.mark.at;
        }
    }
    let last = cursor.since(from);
    cursor.skip();
    Ok(cooked.map_or(Cow::Borrowed(last), |text| Cow::Owned(text + last)))
}

fn quote_name(quote: u8) -> &'static str {
    if quote == b'"' { "`\"`" } else { "`'`" }
}

/// Reads an escape sequence of a text in double quotes. Of JSON's, `\/` and pairs of surrogates are missing.
fn escape(cursor: &mut Cursor<'_>) -> Result<char> {
    let start = cursor.mark.at;
    let plain = match cursor.peek_at(1) {
        b'0' => '\0',
        b'a' => '\x07',
        b'b' => '\x08',
        b't' | b'\t' => '\t',
        b'n' => '\n',
        b'v' => '\x0B',
        b'f' => '\x0C',
        b'r' => '\r',
        b'e' => '\x1B',
        byte @ (b' ' | b'"' | b'\'' | b'\\') => char::from(byte),
        b'N' => '\u{85}',
        b'_' => '\u{A0}',
        b'L' => '\u{2028}',
        b'P' => '\u{2029}',
        b'x' => return code_point(cursor, 2),
        b'u' => return code_point(cursor, 4),
        b'U' => return code_point(cursor, 8),
        _ => {
            cursor.skip();
            cursor.skip();
            let sequence = cursor.since(start);
            let help = "write a backslash as `\\\\`, or put the text in single quotes, which know no escapes";
            let message = format!("YAML has no escape sequence `{sequence}`");
            return Err(Problem::new(start..cursor.mark.at, message).help(help));
        }
    };
    cursor.skip();
    cursor.skip();
    Ok(plain)
}

fn code_point(cursor: &mut Cursor<'_>, digits: usize) -> Result<char> {
    let start = cursor.mark.at;
    cursor.skip();
    cursor.skip();
    let mut value = 0_u32;
    for _ in 0..digits {
        let Some(digit) = char::from(cursor.peek()).to_digit(16) else {
            let message = format!("`{}` needs {digits} hexadecimal digits", &cursor.slice(start, start + 2));
            return Err(Problem::new(start..cursor.mark.at, message));
        };
        // Eight digits fill the 32 bits; more than a character has is refused below.
        value = value << 4 | digit;
        cursor.skip();
    }
    char::from_u32(value).ok_or_else(|| {
        let message = format!("`{}` is no character", cursor.since(start));
        let help = "write the character itself, or its number as `\\U` and eight digits; YAML joins no surrogate pairs";
        Problem::new(start..cursor.mark.at, message).help(help)
    })
}
