//! Markdown as the rules' pages use it, for terminals: headings, paragraphs, lists, fenced code, inline code, emphasis.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use crate::report::wrap;

use super::terminal::Terminal;

const HEADING: Style = Style::new().bold().underline();
const STRONG: Style = Style::new().bold();
const CODE: Style = AnsiColor::Cyan.on_default();
const MARK: Style = AnsiColor::Red.on_default();

pub(super) fn write(text: &str, terminal: &Terminal, out: &mut dyn Write) -> io::Result<()> {
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if line.starts_with("```") {
            for code in lines.by_ref().take_while(|line| !line.starts_with("```")) {
                writeln!(out, "    {}", code_line(code, terminal).trim_end())?;
            }
        } else if let Some(heading) = heading(line) {
            writeln!(out, "{}", styled(heading, HEADING, terminal))?;
        } else if line.is_empty() || line.starts_with('|') {
            writeln!(out, "{line}")?;
        } else {
            let (first, rest) = indents(line);
            let mut paragraph = line[first.len()..].to_owned();
            while let Some(next) = lines.next_if(|next| continues(next)) {
                paragraph.push(' ');
                paragraph.push_str(next.trim_start());
            }
            writeln!(out, "{}", wrap(&inline(&paragraph, terminal), terminal.width, &first, &rest))?;
        }
    }
    Ok(())
}

fn heading(line: &str) -> Option<&str> {
    let text = line.trim_start_matches('#');
    if text.len() < line.len() { text.strip_prefix(' ') } else { None }
}

/// What stands before the first line of a paragraph or list item, and before its other lines.
fn indents(line: &str) -> (String, String) {
    let text = line.trim_start_matches(' ');
    let number = text.find(|char: char| !char.is_ascii_digit()).unwrap_or(0);
    let marker = match text {
        _ if text.starts_with("- ") || text.starts_with("* ") => 2,
        _ if number > 0 && text[number..].starts_with(". ") => number + 2,
        _ => 0,
    };
    let length = line.len() - text.len() + marker;
    (line[..length].to_owned(), " ".repeat(length))
}

/// Whether a line belongs to the paragraph above it.
fn continues(line: &str) -> bool {
    let starts_block = ["```", "#", "|", "- ", "* "].iter().any(|start| line.trim_start().starts_with(start));
    let (marker, _) = indents(line);
    !line.is_empty() && !starts_block && marker.trim().is_empty()
}

/// A line of an example, its mark standing out.
fn code_line(line: &str, terminal: &Terminal) -> String {
    let mark = ["# error", "# warning", "# info"].iter().find_map(|mark| line.find(mark));
    match mark {
        Some(at) => format!("{}{}", &line[..at], styled(&line[at..], MARK, terminal)),
        None => line.to_owned(),
    }
}

/// Styles `code`, **strong** and *emphasised* text. Without colors, code keeps its backticks.
fn inline(text: &str, terminal: &Terminal) -> String {
    let mut result = String::new();
    for (index, part) in text.split('`').enumerate() {
        match index % 2 {
            0 => result.push_str(&strong(part, terminal)),
            _ if terminal.color => result.push_str(&styled(part, CODE, terminal)),
            _ => result.push_str(&format!("`{part}`")),
        }
    }
    result
}

fn strong(text: &str, terminal: &Terminal) -> String {
    let parts = text.split("**").enumerate();
    parts.map(|(index, part)| if index % 2 == 1 { styled(part, STRONG, terminal) } else { part.to_owned() }).collect()
}

fn styled(text: &str, style: Style, terminal: &Terminal) -> String {
    if terminal.color { format!("{style}{text}{style:#}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(text: &str, color: bool) -> String {
        let terminal = Terminal { color, unicode: true, width: 24, interactive: true };
        let mut out = Vec::new();
        write(text, &terminal, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn paragraphs_and_items_are_wrapped_and_code_is_not() {
        let text = "\
# title

Some words that are
on two lines, a `name`.

- an item with **many** words in it
  that goes on
- second
10. tenth, which is also long

```yaml
key: a very long line of an example # error: x
```
";
        let expected = "\
title

Some words that are on
two lines, a `name`.

- an item with many
  words in it that goes
  on
- second
10. tenth, which is also
    long

    key: a very long line of an example # error: x
";
        assert_eq!(rendered(text, false), expected);
    }

    #[test]
    fn colors_replace_marks() {
        assert_eq!(rendered("a `b` **c**\n", true), "a \x1b[36mb\x1b[0m \x1b[1mc\x1b[0m\n");
    }
}
