//! Where one document ends and the next begins: apimachinery's document reader, which goes by the text alone.

use std::ops::Range;

use memchr::{memchr, memmem};

use super::problem::Problem;

const SEPARATOR: &str = "---";

/// A part of a text that is read as one document.
#[derive(Debug, PartialEq)]
pub(super) struct Chunk {
    pub(super) range: Range<usize>,
    pub(super) lost: bool,
}

/// Splits at the lines that begin with `---`, be they within a quoted text. Only a comment may stand behind the dashes;
/// else Kubernetes reads nothing from the document before on. A document without a single line does not count.
pub(super) fn split(text: &str, problems: &mut Vec<Problem>) -> Vec<Chunk> {
    let mut chunks = Vec::new();
    let mut start = 0;
    let mut lost = false;
    for line in separators(text) {
        let rest = text[line.clone()][SEPARATOR.len()..].trim();
        let refused = !rest.is_empty() && !rest.starts_with('#');
        if refused {
            lost = true;
            problems.push(*refusal(text, line.clone(), rest));
        } else if start == line.start || is_directives(&text[start..line.start]) {
            // What a document begins with is part of it.
            continue;
        }
        if start < line.start {
            chunks.push(Chunk { range: start..line.start, lost });
        }
        start = line.end;
    }
    if start < text.len() {
        chunks.push(Chunk { range: start..text.len(), lost });
    }
    chunks
}

/// The lines that begin with `---`, with their line feeds.
fn separators(text: &str) -> impl Iterator<Item = Range<usize>> {
    let bytes = text.as_bytes();
    let first = bytes.starts_with(SEPARATOR.as_bytes()).then_some(0);
    let others = memmem::find_iter(bytes, "\n---").map(|at| at + 1);
    first.into_iter().chain(others).map(|start| {
        let end = memchr(b'\n', &bytes[start..]).map_or(bytes.len(), |length| start + length + 1);
        start..end
    })
}

/// Whether there are directives and nothing else but comments. apimachinery would split behind them too, but then
/// sigs.k8s.io/yaml could not read them, while it reads the whole.
fn is_directives(text: &str) -> bool {
    let mut found = false;
    for line in text.lines() {
        match line.as_bytes().first() {
            Some(b'%') => found = true,
            Some(b'#') => {}
            _ if line.trim().is_empty() => {}
            _ => return false,
        }
    }
    found
}

fn refusal(text: &str, line: Range<usize>, rest: &str) -> Box<Problem> {
    let start = line.start + text[line].find(rest).unwrap_or_default();
    Problem::new(start..start + rest.len(), "nothing but a comment can follow `---` on its line")
        .help("begin the document on the next line; Kubernetes reads nothing from the document before this line on")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_split_by_text_alone() {
        for (text, expected) in [
            ("", &[][..]),
            ("\n", &["\n"]),
            ("a\n---\nb\n", &["a\n", "b\n"]),
            ("a\n--- # c\nb", &["a\n", "b"]),
            ("a\r\n---\r\nb", &["a\r\n", "b"]),
            ("a\n---", &["a\n"]),
            ("---\na\n", &["---\na\n"]),
            ("---\n---\na\n", &["---\n", "a\n"]),
            ("a\n---\n---\n", &["a\n", "---\n"]),
            ("a: |\n  x\n---\n  y\n", &["a: |\n  x\n", "  y\n"]),
            ("a\n ---\nb\n", &["a\n ---\nb\n"]),
            ("# 100%\n---\na\n", &["# 100%\n", "a\n"]),
            ("# c\n%YAML 1.1\n---\na\n---\nb", &["# c\n%YAML 1.1\n---\na\n", "b"]),
        ] {
            let mut problems = Vec::new();
            let chunks = split(text, &mut problems);
            let texts: Vec<_> = chunks.iter().map(|chunk| &text[chunk.range.clone()]).collect();
            assert_eq!(texts, expected, "{text:?}");
            assert!(problems.is_empty() && chunks.iter().all(|chunk| !chunk.lost));
        }
    }

    #[test]
    fn text_behind_the_dashes_loses_the_documents_around() {
        let mut problems = Vec::new();
        let lost: Vec<_> =
            split("a\n---\nb\n--- x\nc\n---\nd\n", &mut problems).iter().map(|chunk| chunk.lost).collect();
        assert_eq!(lost, [false, true, true, true]);
        assert_eq!(problems.len(), 1);
    }
}
