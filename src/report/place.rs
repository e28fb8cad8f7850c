use std::fmt;
use std::path::Path;

use crate::source::{Sources, Span, relative};

/// A span as tools want it: lines and columns start at 1, columns count characters, the end is exclusive.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    pub(super) file: &'a str,
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) end_line: usize,
    pub(super) end_column: usize,
}

impl<'a> Place<'a> {
    pub(super) fn of(span: Span, sources: &'a Sources) -> Self {
        let source = sources.get(span.source);
        let start = source.locate(span.start as usize);
        let end = source.locate(span.end.max(span.start) as usize);
        Self { file: start.file, line: start.line, column: start.column, end_line: end.line, end_column: end.column }
    }

    /// The file as tools find it in a repository: relative to `root` where it is below it, with `/` between folders.
    pub(super) fn path(&self, root: &Path) -> String {
        relative(self.file, root)
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}
