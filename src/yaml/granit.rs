//! Reads a document with granit-parser: a stand-in until go-yaml's own rules are written.

use std::collections::HashMap;
use std::ops::Range;

use granit_parser::{Event, Parser, ScalarStyle};

use crate::finding::Finding;
use crate::source::Span;

use super::tape::{Cell, Comment, Document, Style, Tree};

/// Entries that aliases may add to a document.
const ALIAS_BUDGET: usize = 400_000;

pub(super) fn read(tree: &mut Tree<'_>, range: Range<usize>, findings: &mut Vec<Finding>) {
    let first = tree.cells.len();
    let text = &tree.text[range.clone()];
    let outcome = Reader { tree, base: range.start, open: Vec::new(), anchors: HashMap::new() }.run(text);
    if let Err((at, message)) = outcome {
        tree.cells.truncate(first);
        tree.cooked.retain(|(index, _)| (*index as usize) < first);
        let at = at.min(tree.text.len());
        findings.push(Finding::new("yaml-syntax", Span::new(tree.source, at..at), message));
    }
    let root = (tree.cells.len() > first).then_some(first as u32);
    tree.documents.push(Document { root, start: range.start as u32, end: range.end as u32 });
}

struct Reader<'t, 's> {
    tree: &'t mut Tree<'s>,
    base: usize,
    open: Vec<usize>,
    anchors: HashMap<usize, usize>,
}

impl Reader<'_, '_> {
    fn run(mut self, text: &str) -> Result<(), (usize, String)> {
        for next in Parser::new_from_str(text) {
            let (event, span) = next.map_err(|error| {
                let at = self.base + error.marker().byte_offset().unwrap_or_default();
                (at, error.info())
            })?;
            let bytes = span.byte_range().unwrap_or_default();
            let (start, end) = (self.base + bytes.start, self.base + bytes.end);
            if let Some(id) = event.anchor_id() {
                self.anchors.insert(id, self.tree.cells.len());
            }
            match event {
                Event::Comment(..) => {
                    self.tree.comments.push(Comment { start: start as u32, end: end as u32 });
                }
                Event::Scalar(value, style, ..) => self.scalar(&value, style, start, end),
                Event::SequenceStart(..) => self.start(Style::Sequence, start),
                Event::MappingStart(..) => self.start(Style::Mapping, start),
                Event::SequenceEnd | Event::MappingEnd => {
                    let index = self.open.pop().unwrap_or_default();
                    let cells = &mut self.tree.cells;
                    cells[index].skip = cells.len() as u32;
                    cells[index].end = end as u32;
                }
                Event::Alias(id) => self.alias(id, start)?,
                Event::DocumentEnd => break,
                _ => {}
            }
        }
        Ok(())
    }

    fn start(&mut self, style: Style, start: usize) {
        self.open.push(self.tree.cells.len());
        self.tree.cells.push(Cell { start: start as u32, end: start as u32, skip: 0, style });
    }

    fn scalar(&mut self, value: &str, style: ScalarStyle, start: usize, end: usize) {
        let index = self.tree.cells.len() as u32;
        let raw = &self.tree.text[start..end];
        let style = match style {
            ScalarStyle::Plain if start == end => Style::Missing,
            ScalarStyle::Plain if raw == value => Style::Plain,
            ScalarStyle::Plain => Style::CookedPlain,
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted if raw.get(1..raw.len() - 1) == Some(value) => {
                Style::Quoted
            }
            _ => Style::Cooked,
        };
        if matches!(style, Style::Cooked | Style::CookedPlain) {
            self.tree.cooked.push((index, value.into()));
        }
        self.tree.cells.push(Cell { start: start as u32, end: end as u32, skip: index + 1, style });
    }

    fn alias(&mut self, id: usize, at: usize) -> Result<(), (usize, String)> {
        let from = self.anchors.get(&id).copied().unwrap_or_default();
        let to = self.tree.cells[from].skip as usize;
        let base = self.tree.cells.len();
        if to <= from || base + (to - from) > ALIAS_BUDGET.max(2 * self.tree.text.len()) {
            return Err((at, "document contains excessive aliasing".to_owned()));
        }
        for index in from..to {
            let cell = self.tree.cells[index];
            if matches!(cell.style, Style::Cooked | Style::CookedPlain) {
                let value = self.tree.cooked(index as u32).into();
                self.tree.cooked.push(((base + index - from) as u32, value));
            }
            let skip = cell.skip - from as u32 + base as u32;
            self.tree.cells.push(Cell { skip, ..cell });
        }
        Ok(())
    }
}
