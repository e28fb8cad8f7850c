//! Block scalars: `|` and `>`.

use super::cursor::Cursor;
use super::problem::{Problem, Result};
use super::tape::Comment;

pub(super) struct Block {
    pub(super) text: String,
    /// Behind the last line that is not blank.
    pub(super) end: usize,
}

#[derive(Clone, Copy, PartialEq)]
enum Chomping {
    Strip,
    Clip,
    Keep,
}

/// Reads the block scalar at the cursor, within a collection that is indented by `parent` columns (-1: within none).
/// The cursor goes to the start of the first line that does not belong to it, behind that line's indentation.
pub(super) fn scan(cursor: &mut Cursor<'_>, parent: isize, comments: &mut Vec<Comment>) -> Result<Block> {
    let start = cursor.mark.at;
    let folded = cursor.peek() == b'>';
    cursor.skip();
    let (chomping, increment) = indicators(cursor)?;
    let mut end = cursor.mark.at;
    skip_header(cursor, start, comments)?;

    let outer = parent.max(0) as usize;
    let mut lines =
        Lines { start, parent, indent: (increment > 0).then_some(outer + increment), breaks: String::new() };
    let mut text = String::new();
    let mut last_break = "";
    let mut after_blank = false;
    lines.skip_blank(cursor)?;
    while Some(cursor.mark.column) == lines.indent && !cursor.at_end() {
        // Lines that start with a blank are never folded.
        let blank = cursor.is_blank(0);
        let fold = folded && !after_blank && !blank && last_break == "\n";
        match fold {
            true if lines.breaks.is_empty() => text.push(' '),
            true => {}
            false => text.push_str(last_break),
        }
        text.push_str(&lines.breaks);
        after_blank = blank;

        let from = cursor.mark.at;
        cursor.skip_line();
        text.push_str(cursor.since(from));
        end = cursor.mark.at;
        last_break = cursor.take_break();
        lines.skip_blank(cursor)?;
    }
    if chomping != Chomping::Strip {
        text.push_str(last_break);
    }
    if chomping == Chomping::Keep {
        text.push_str(&lines.breaks);
    }
    Ok(Block { text, end })
}

/// `+` or `-`, and a digit, in any order.
fn indicators(cursor: &mut Cursor<'_>) -> Result<(Chomping, usize)> {
    let mut chomping = None;
    let mut increment = None;
    loop {
        match cursor.peek() {
            b'+' if chomping.is_none() => chomping = Some(Chomping::Keep),
            b'-' if chomping.is_none() => chomping = Some(Chomping::Strip),
            b'0' if increment.is_none() => {
                let at = cursor.mark.at;
                return Err(Problem::new(at..at + 1, "an indentation of 0 columns is not possible")
                    .help("write how many columns the text is indented, 1 to 9, or leave the digit out"));
            }
            digit @ b'1'..=b'9' if increment.is_none() => increment = Some(usize::from(digit - b'0')),
            _ => return Ok((chomping.unwrap_or(Chomping::Clip), increment.unwrap_or(0))),
        }
        cursor.skip();
    }
}

fn skip_header(cursor: &mut Cursor<'_>, start: usize, comments: &mut Vec<Comment>) -> Result<()> {
    cursor.skip_blanks();
    let rest = cursor.mark.at;
    if cursor.peek() == b'#' {
        cursor.skip_line();
        comments.push(Comment { start: rest as u32, end: cursor.mark.at as u32 });
    }
    if !cursor.is_break_or_end() {
        cursor.skip_line();
        let indicator = cursor.slice(start, start + 1);
        let message = format!("the text of a `{indicator}` block starts on the next line");
        return Err(Problem::new(rest..cursor.mark.at, message)
            .help(format!("begin a new line after `{indicator}` and indent the text, or quote the whole value")));
    }
    cursor.take_break();
    Ok(())
}

struct Lines {
    start: usize,
    parent: isize,
    /// Columns that the text is indented; `None` until the first line that is not blank.
    indent: Option<usize>,
    /// Of the blank lines just skipped.
    breaks: String,
}

impl Lines {
    /// Goes over blank lines and the indentation of the line after them.
    fn skip_blank(&mut self, cursor: &mut Cursor<'_>) -> Result<()> {
        self.breaks.clear();
        let mut deepest = 0;
        loop {
            while self.indent.is_none_or(|indent| cursor.mark.column < indent) && cursor.peek() == b' ' {
                cursor.skip();
            }
            deepest = deepest.max(cursor.mark.column);
            if cursor.peek() == b'\t' && self.indent.is_none_or(|indent| cursor.mark.column < indent) {
                let at = cursor.mark.at;
                return Err(Problem::new(at..at + 1, "a tab cannot indent the text of a block")
                    .help("indent with spaces")
                    .related(self.start..self.start + 1, "the block starts here"));
            }
            if !cursor.is_break() {
                break;
            }
            self.breaks.push_str(cursor.take_break());
        }
        self.indent.get_or_insert(deepest.max((self.parent + 1).max(1) as usize));
        Ok(())
    }
}
