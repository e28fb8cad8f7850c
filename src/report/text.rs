use std::fmt::{self, Display, Formatter};
use std::io::{self, Write};
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, SourceCode};
use textwrap::{WordSeparator, WordSplitter};

use crate::finding::Severity;
use crate::lint::{Reported, Run};

use super::excerpt::Excerpts;
use super::{Options, clean};

/// Excerpts of the files for people, then the notes and a summary.
pub(super) fn write(run: &Run<'_>, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    for reported in &run.findings {
        write_finding(reported, run, options, out)?;
    }
    for note in &run.notes {
        hanging("note", note, options, out)?;
    }
    if options.summary {
        writeln!(out, "{}", summary(run))?;
    }
    Ok(())
}

fn write_finding(reported: &Reported, run: &Run<'_>, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let Reported { finding, severity, .. } = reported;
    let excerpts = Excerpts::of(finding, run.sources, options);
    let message = Message { severity: *severity, text: &finding.message, excerpts };
    let mut text = String::new();
    let drawn = handler(reported, &message.excerpts, options).render_report(&mut text, &message);
    drawn.map_err(io::Error::other)?;
    out.write_all(text.trim_start().as_bytes())?;
    if let Some(help) = &finding.help {
        hanging("help", help, options, out)?;
    }
    if let Some(fix) = &finding.fix {
        hanging("fix", &fix.message, options, out)?;
    }
    writeln!(out)
}

/// A drawer whose sign for the finding's importance is the word for it with the rule's name.
fn handler(reported: &Reported, excerpts: &Excerpts, options: &Options) -> GraphicalReportHandler {
    let mut theme = match (options.unicode, options.color) {
        (true, true) => GraphicalTheme::unicode(),
        (true, false) => GraphicalTheme::unicode_nocolor(),
        (false, true) => GraphicalTheme::ascii(),
        (false, false) => GraphicalTheme::none(),
    };
    let styles = &mut theme.styles;
    let (word, style) = match reported.severity {
        Severity::Error => (&mut theme.characters.error, styles.error),
        Severity::Warning => (&mut theme.characters.warning, styles.warning),
        Severity::Info => (&mut theme.characters.advice, styles.advice),
    };
    *word = format!("{}[{}]:", reported.severity, reported.rule.id);
    let label_style = |label: &LabeledSpan| if label.primary() { style } else { styles.help };
    styles.highlights = excerpts.labels.iter().map(label_style).collect();
    GraphicalReportHandler::new_themed(theme)
        .with_width(options.width)
        .without_primary_span_start()
        .with_break_words(false)
        .with_word_separator(WordSeparator::AsciiSpace)
        .with_word_splitter(WordSplitter::NoHyphenation)
}

/// A finding as `miette` draws it.
#[derive(Debug)]
struct Message<'a> {
    severity: Severity,
    text: &'a str,
    excerpts: Excerpts,
}

impl Display for Message<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&clean(self.text))
    }
}

impl std::error::Error for Message<'_> {}

impl Diagnostic for Message<'_> {
    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
            Severity::Info => miette::Severity::Advice,
        })
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.excerpts)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.excerpts.labels.iter().cloned()))
    }
}

/// `  word: text`, wrapped, its further lines under the text.
fn hanging(word: &str, text: &str, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let style = if options.color { AnsiColor::Cyan.on_default() } else { Style::new() };
    let first = format!("  {style}{word}:{style:#} ");
    let rest = " ".repeat(word.len() + 4);
    writeln!(out, "{}", wrap(&clean(text), options.width, &first, &rest))
}

/// Breaks `text` at spaces only: names, paths and commands stay whole.
pub fn wrap(text: &str, width: usize, first: &str, rest: &str) -> String {
    let options = textwrap::Options::new(width)
        .initial_indent(first)
        .subsequent_indent(rest)
        .break_words(false)
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation);
    textwrap::fill(text, options)
}

fn summary(run: &Run<'_>) -> String {
    let counts = [(Severity::Error, "error"), (Severity::Warning, "warning"), (Severity::Info, "info")];
    let counts = counts.map(|(severity, word)| counted(run.count(severity), word));
    let found = match run.findings.len() {
        0 => "no findings".to_owned(),
        _ => counts.join(", "),
    };
    let suppressed = match run.suppressed {
        0 => String::new(),
        count => format!(" ({count} suppressed)"),
    };
    let (resources, files) = (counted(run.resources, "resource"), counted(run.files, "file"));
    format!("{found}{suppressed} in {resources} of {files}, {}", duration(run.elapsed))
}

fn counted(count: usize, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}

fn duration(elapsed: Duration) -> String {
    match elapsed.as_millis() {
        milliseconds @ 0..1000 => format!("{milliseconds} ms"),
        _ => format!("{:.1} s", elapsed.as_secs_f64()),
    }
}
