use std::fmt;
use std::path::Path;

use crate::source::{Sources, Span};

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
        let path = Path::new(self.file);
        let relative = path.strip_prefix(root).or(path.strip_prefix(".")).unwrap_or(path);
        let text = relative.to_string_lossy();
        if std::path::MAIN_SEPARATOR == '\\' { text.replace('\\', "/") } else { text.into_owned() }
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_relative_to_the_root() {
        let path =
            |file| Place { file, line: 1, column: 1, end_line: 1, end_column: 1 }.path(Path::new("/home/me/mesh"));
        assert_eq!(path("/home/me/mesh/prod/a.yaml"), "prod/a.yaml");
        assert_eq!(path("/etc/a.yaml"), "/etc/a.yaml");
        assert_eq!(path("./prod/a.yaml"), "prod/a.yaml");
        assert_eq!(path("../a.yaml"), "../a.yaml");
    }
}
