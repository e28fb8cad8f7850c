//! Findings as text: one file per format.
//!
//! Every format but `text` writes one document and nothing else, and the same findings always make the same bytes.

mod concise;
mod excerpt;
mod github;
mod gitlab;
mod json;
mod junit;
mod place;
mod sarif;
mod text;

use std::borrow::Cow;
use std::io::{self, Write};
use std::path::PathBuf;

use clap::ValueEnum;

use crate::lint::Run;

pub use junit::escape as escape_xml;
pub use text::wrap;

/// The JSON Schema of [`Format::Json`].
pub const SCHEMA: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/report.json"));

/// How findings are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Excerpts of the files with the findings marked in them, for people
    #[default]
    Text,
    /// One line per finding
    Concise,
    /// Everything that is known, as JSON; its schema is `schemas/report.json`
    Json,
    /// SARIF 2.1.0, for GitHub code scanning and editors
    Sarif,
    /// Annotations of GitHub Actions
    Github,
    /// Code Quality report of GitLab
    Gitlab,
    /// JUnit XML, for CI servers
    Junit,
}

/// What the reports depend on besides the findings.
#[derive(Clone, Debug)]
pub struct Options {
    pub color: bool,
    /// Whether lines may be drawn with characters beyond ASCII.
    pub unicode: bool,
    /// Columns of the terminal.
    pub width: usize,
    /// Tools that place findings in a repository are told paths relative to this folder, where a path is below it.
    pub root: PathBuf,
    /// Whether the format `text` ends with a summary.
    pub summary: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { color: false, unicode: true, width: 100, root: PathBuf::new(), summary: true }
    }
}

/// Writes the report of `run` to `out`.
pub fn write(run: &Run<'_>, format: Format, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Text => text::write(run, options, out),
        Format::Concise => concise::write(run, out),
        Format::Json => json::write(run, out),
        Format::Sarif => sarif::write(run, options, out),
        Format::Github => github::write(run, options, out),
        Format::Gitlab => gitlab::write(run, options, out),
        Format::Junit => junit::write(run, out),
    }
}

/// Writes `value` as indented JSON with a line break at its end.
fn write_json(value: &impl serde::Serialize, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    writeln!(out)
}

/// Text of a file for a terminal, which must not obey it: control characters are replaced.
fn clean(text: &str) -> Cow<'_, str> {
    let harmful = |char: char| char.is_control() && char != '\t' && char != '\n';
    if text.contains(harmful) { Cow::Owned(text.replace(harmful, "\u{fffd}")) } else { Cow::Borrowed(text) }
}
