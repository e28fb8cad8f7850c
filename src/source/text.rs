use std::num::NonZeroU32;
use std::ops::Range;
use std::path::Path;
use std::sync::OnceLock;

use memchr::{memchr_iter, memrchr};

/// Which of the [`Sources`] a span belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(
    /// One more than the index, so that a place which may be absent takes no more room than one that is there.
    NonZeroU32,
);

impl SourceId {
    /// # Panics
    ///
    /// If there are 2³² sources.
    pub const fn of_index(index: usize) -> Self {
        assert!(index < u32::MAX as usize, "too many sources");
        Self(NonZeroU32::MIN.saturating_add(index as u32))
    }

    pub fn index(self) -> usize {
        self.0.get() as usize - 1
    }
}

/// The first, for texts that are read alone.
impl Default for SourceId {
    fn default() -> Self {
        Self(NonZeroU32::MIN)
    }
}

/// A range of bytes of one source: `start` inclusive, `end` exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    pub source: SourceId,
    pub start: u32,
    pub end: u32,
}

impl Span {
    pub fn new(source: SourceId, range: Range<usize>) -> Self {
        Self { source, start: range.start as u32, end: range.end as u32 }
    }

    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// A place as people and tools read it. Lines and columns start at 1; columns count characters, not bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location<'a> {
    /// The file's name as it is shown: as the user wrote it, or the template that `# Source: …` names.
    pub file: &'a str,
    pub line: usize,
    pub column: usize,
}

/// One text of at most 512 MiB, with an index of its lines that is built when first asked for.
#[derive(Debug)]
pub struct Source {
    name: String,
    text: String,
    /// `(offset, name)`: from `offset` on, places are shown under `name` (`# Source:` comments of `helm template`).
    origins: Vec<(u32, String)>,
    lines: OnceLock<Vec<u32>>,
    context: bool,
}

impl Source {
    /// `name` is how reports show the source: a path, or `<stdin>`.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        Self { name: name.into(), origins: origins(&text), text, lines: OnceLock::new(), context: false }
    }

    /// The same, read only to judge other sources by.
    pub fn as_context(self) -> Self {
        Self { context: true, ..self }
    }

    pub fn is_context(&self) -> bool {
        self.context
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// All names under which places of the text are shown.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.name.as_str()).chain(self.origins.iter().map(|(_, name)| name.as_str()))
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// Byte offsets at which the lines start.
    pub fn lines(&self) -> &[u32] {
        self.lines.get_or_init(|| {
            let breaks = memchr_iter(b'\n', self.text.as_bytes()).map(|at| at as u32 + 1);
            std::iter::once(0).chain(breaks).collect()
        })
    }

    /// Where the line starts that the byte at `offset` is in.
    pub fn line_start(&self, offset: usize) -> usize {
        let lines = self.lines();
        let next = lines.partition_point(|&start| start as usize <= offset);
        lines[next - 1] as usize
    }

    pub fn locate(&self, offset: usize) -> Location<'_> {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let line = self.lines().partition_point(|&start| start as usize <= offset);
        let start = memrchr(b'\n', &self.text.as_bytes()[..offset]).map_or(0, |at| at + 1);
        let column = self.text[start..offset].chars().count() + 1;
        Location { file: self.name_at(offset), line, column }
    }

    fn name_at(&self, offset: usize) -> &str {
        let next = self.origins.partition_point(|&(start, _)| start as usize <= offset);
        match next.checked_sub(1) {
            Some(index) => &self.origins[index].1,
            None => &self.name,
        }
    }
}

/// Where a rendered stream says which template it shows next. A separator ends the template's reach.
fn origins(text: &str) -> Vec<(u32, String)> {
    const MARK: &str = "# Source: ";
    let mut origins = Vec::new();
    for at in memchr::memmem::find_iter(text.as_bytes(), MARK) {
        let starts_line = at == 0 || text.as_bytes()[at - 1] == b'\n';
        if starts_line {
            let line = text[at + MARK.len()..].lines().next().unwrap_or_default();
            origins.push((at as u32, line.trim().to_owned()));
        }
    }
    origins
}

/// The name of a file as tools find it in a repository: relative to `root` where it is below it, with `/` between folders.
pub fn relative(file: &str, root: &Path) -> String {
    let path = Path::new(file);
    let relative = path.strip_prefix(root).or(path.strip_prefix(".")).unwrap_or(path);
    let text = relative.to_string_lossy();
    if std::path::MAIN_SEPARATOR == '\\' { text.replace('\\', "/") } else { text.into_owned() }
}

/// All texts of a run; a [`Span`] finds its text here.
#[derive(Debug, Default)]
pub struct Sources(Vec<Source>);

impl Sources {
    pub fn add(&mut self, source: Source) -> SourceId {
        self.0.push(source);
        SourceId::of_index(self.0.len() - 1)
    }

    /// Gives a source another text. Spans into the old one mean nothing any more.
    pub fn replace(&mut self, id: SourceId, text: String) {
        let source = &mut self.0[id.index()];
        let changed = Source::new(std::mem::take(&mut source.name), text);
        *source = if source.is_context() { changed.as_context() } else { changed };
    }

    pub fn get(&self, id: SourceId) -> &Source {
        &self.0[id.index()]
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = (SourceId, &Source)> {
        self.0.iter().enumerate().map(|(index, source)| (SourceId::of_index(index), source))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The name of the file that `span` is in, as it is shown.
    pub fn name(&self, span: Span) -> &str {
        self.get(span.source).name_at(span.start as usize)
    }

    /// Where `span` starts.
    pub fn locate(&self, span: Span) -> Location<'_> {
        self.get(span.source).locate(span.start as usize)
    }

    pub fn text(&self, span: Span) -> &str {
        &self.get(span.source).text()[span.range()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters() {
        let source = Source::new("a.yaml", "a: b\nçã: d\n");
        let at = source.text().find('d').unwrap();
        assert_eq!(source.locate(at), Location { file: "a.yaml", line: 2, column: 5 });
    }

    #[test]
    fn end_of_text_has_a_place() {
        let source = Source::new("a.yaml", "a\n");
        assert_eq!(source.locate(2), Location { file: "a.yaml", line: 2, column: 1 });
    }

    #[test]
    fn source_comments_name_the_file() {
        let text = "---\n# Source: shop/templates/a.yaml\na: 1\n---\n# Source: shop/templates/b.yaml\nb: 1\n";
        let source = Source::new("<stdin>", text);
        assert_eq!(source.locate(text.find("a: 1").unwrap()).file, "shop/templates/a.yaml");
        assert_eq!(source.locate(text.find("b: 1").unwrap()).file, "shop/templates/b.yaml");
        assert_eq!(source.locate(0).file, "<stdin>");
    }
    #[test]
    fn names_are_relative_to_the_root() {
        let relative = |file| relative(file, Path::new("/home/me/mesh"));
        assert_eq!(relative("/home/me/mesh/prod/a.yaml"), "prod/a.yaml");
        assert_eq!(relative("/etc/a.yaml"), "/etc/a.yaml");
        assert_eq!(relative("./prod/a.yaml"), "prod/a.yaml");
        assert_eq!(relative("../a.yaml"), "../a.yaml");
    }
}
