use std::ops::Range;

use miette::{LabeledSpan, MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};
use textwrap::core::display_width;

use crate::finding::Finding;
use crate::source::{Source, SourceId, Sources, Span};

use super::text::wrap;
use super::{Options, clean};

/// Lines shown before and after those that are marked.
const CONTEXT: usize = 1;
/// Columns that `miette` needs left of a label's words, besides those of the line number and of what is marked.
const GUTTER: usize = 9;
/// A label gets at least so many columns, or it would become a tower of words.
const NARROWEST: usize = 24;

/// A part of one line, to be marked, with what is written beside it.
#[derive(Debug)]
struct Mark<'a> {
    id: SourceId,
    source: &'a Source,
    /// Index of the line.
    line: usize,
    /// Bytes of the line.
    range: Range<usize>,
    text: &'a str,
    primary: bool,
}

/// Neighbouring lines of one file, ready to be drawn: control characters replaced, long lines cut.
#[derive(Debug)]
struct Excerpt {
    /// `file:line:column` of what it shows.
    title: String,
    first_line: usize,
    text: String,
    /// Where `text` starts in the space of offsets that all excerpts of a finding share.
    base: usize,
}

/// All places of a finding as one text for `miette`, which knows neither several files nor very long lines.
#[derive(Debug)]
pub(super) struct Excerpts {
    excerpts: Vec<Excerpt>,
    pub(super) labels: Vec<LabeledSpan>,
}

impl Excerpts {
    /// The excerpt with the culprit comes first, then those of the other places in their order.
    pub(super) fn of(finding: &Finding, sources: &Sources, options: &Options) -> Self {
        let mut marks = vec![mark(finding.at, &finding.label, true, sources)];
        marks.extend(finding.related.iter().map(|label| mark(label.at, &label.text, false, sources)));
        let limit = options.width.saturating_sub(GUTTER).max(NARROWEST);
        let mut groups = group(marks, limit);
        groups.sort_by_key(|marks| !marks.iter().any(|mark| mark.primary));
        let mut excerpts = Self { excerpts: Vec::new(), labels: Vec::new() };
        for marks in groups {
            excerpts.push(&marks, limit, options);
        }
        excerpts
    }

    fn push(&mut self, marks: &[Mark<'_>], limit: usize, options: &Options) {
        let base = self.excerpts.last().map_or(0, |last| last.base + last.text.len() + 1);
        let (source, end) = (marks[0].source, marks[marks.len() - 1].line);
        let first = marks[0].line.saturating_sub(CONTEXT);
        let last = (end + CONTEXT).min(last_line(source)).max(end);
        let mut text = String::new();
        for index in first..=last {
            let on_line = || marks.iter().filter(|mark| mark.line == index);
            let line = line(source, index);
            let range = window(line, on_line().next().map_or(0, |mark| mark.range.start), limit);
            let shown = Shown { line, range, cut: if options.unicode { "…" } else { "..." } };
            let shown_text = shown.text();
            for mark in on_line() {
                let place = shown.place(&mark.range);
                let column = display_width(&shown_text[..place.start]) + display_width(&shown_text[place.clone()]) / 2;
                let left = options.width.saturating_sub(last.to_string().len() + GUTTER + column);
                self.labels.push(label(mark, base + text.len() + place.start, place.len(), left));
            }
            text.push_str(&shown_text);
            text.push('\n');
        }
        let titled = marks.iter().find(|mark| mark.primary).unwrap_or(&marks[0]);
        self.excerpts.push(Excerpt { title: title(titled), first_line: first, text, base });
    }
}

/// `width` is that of the label's words.
fn label(mark: &Mark<'_>, start: usize, length: usize, width: usize) -> LabeledSpan {
    let words = wrap(&clean(mark.text), width.max(NARROWEST), "", "");
    let words = (!words.is_empty()).then_some(words);
    match mark.primary {
        true => LabeledSpan::new_primary_with_span(words, (start, length)),
        false => LabeledSpan::new_with_span(words, (start, length)),
    }
}

/// The part of a line that is shown, between marks where something is cut off.
struct Shown<'a> {
    line: &'a str,
    range: Range<usize>,
    cut: &'static str,
}

impl Shown<'_> {
    fn text(&self) -> String {
        let after = if self.range.end < self.line.len() { self.cut } else { "" };
        format!("{}{}{after}", self.before(), clean(&self.line[self.range.clone()]))
    }

    fn before(&self) -> &'static str {
        if self.range.start > 0 { self.cut } else { "" }
    }

    /// Where bytes of the line are in the text; what is cut off at its end does not count.
    fn place(&self, range: &Range<usize>) -> Range<usize> {
        let start = self.before().len() + clean(&self.line[self.range.start..range.start]).len();
        start..start + clean(&self.line[range.start..range.end.min(self.range.end)]).len()
    }
}

fn title(mark: &Mark<'_>) -> String {
    let offset = mark.source.lines()[mark.line] as usize + mark.range.start;
    let place = mark.source.locate(offset);
    format!("{}:{}:{}", place.file, place.line, place.column)
}

/// A mark ends with its first line: whole mappings and block scalars make poor excerpts.
fn mark<'a>(at: Span, text: &'a str, primary: bool, sources: &'a Sources) -> Mark<'a> {
    let source = sources.get(at.source);
    let offset = floor(source.text(), at.start as usize);
    let index = source.lines().partition_point(|&start| start as usize <= offset) - 1;
    let line_start = source.lines()[index] as usize;
    let line = line(source, index);
    let start = (offset - line_start).min(line.len());
    let end = floor(line, (at.end as usize).saturating_sub(line_start)).max(start);
    Mark { id: at.source, source, line: index, range: start..end, text, primary }
}

/// Marks that can be shown in one excerpt, in the order of their places.
fn group(mut marks: Vec<Mark<'_>>, limit: usize) -> Vec<Vec<Mark<'_>>> {
    marks.sort_by_key(|mark| (mark.id, mark.line, mark.range.start, mark.range.end));
    let mut groups = Vec::<Vec<Mark<'_>>>::new();
    for mark in marks {
        match groups.last_mut() {
            Some(group) if joins(&mark, group, limit) => group.push(mark),
            _ => groups.push(vec![mark]),
        }
    }
    groups
}

fn joins(mark: &Mark<'_>, group: &[Mark<'_>], limit: usize) -> bool {
    let last = &group[group.len() - 1];
    let near = mark.id == last.id && mark.line <= last.line + 2 * CONTEXT + 1;
    let first_on_line = group.iter().find(|other| other.line == mark.line);
    let visible = |first: &Mark<'_>| {
        let shown = window(line(mark.source, mark.line), first.range.start, limit);
        shown.contains(&mark.range.start) || shown.end == mark.range.start
    };
    near && first_on_line.is_none_or(visible)
}

/// The line without its end.
fn line(source: &Source, index: usize) -> &str {
    let start = source.lines()[index] as usize;
    let end = source.lines().get(index + 1).map_or(source.text().len(), |&next| next as usize);
    source.text()[start..end].trim_end_matches(['\n', '\r'])
}

/// The last line that has text: the break at the end of a file does not start one.
fn last_line(source: &Source) -> usize {
    let last = source.lines().len() - 1;
    if source.text().ends_with('\n') { last.saturating_sub(1) } else { last }
}

/// The bytes of a long line around `start` that are worth showing; all of a line of at most `limit` bytes.
fn window(line: &str, start: usize, limit: usize) -> Range<usize> {
    if line.len() <= limit {
        return 0..line.len();
    }
    let from = floor(line, start.saturating_sub(limit / 3));
    from..floor(line, from + limit).max(start)
}

/// The last boundary of a character that is not after `offset`.
fn floor(text: &str, offset: usize) -> usize {
    text.floor_char_boundary(offset.min(text.len()))
}

impl SourceCode for Excerpts {
    /// The whole excerpt around `span`, whatever the number of lines asked for.
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        _lines_before: usize,
        _lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let next = self.excerpts.partition_point(|excerpt| excerpt.base <= span.offset());
        let excerpt = &self.excerpts[next - 1];
        let Excerpt { title, first_line, text, base } = excerpt;
        if span.offset() + span.len() > base + text.len() {
            return Err(MietteError::OutOfBounds);
        }
        let (bytes, whole, lines) = (text.as_bytes(), (*base, text.len()).into(), text.lines().count());
        Ok(Box::new(MietteSpanContents::new_named(title.clone(), bytes, whole, *first_line, 0, lines)))
    }
}
