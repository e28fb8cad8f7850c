//! Where the findings go: to a report, or into a baseline.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::cli::terminal::Terminal;
use crate::cli::{Error, Fallible, Outcome, Result};
use crate::lint::{Baseline, Run};
use crate::report::{self, Format};

use super::counted;

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Report")]
pub(super) struct ReportArguments {
    /// How findings are written
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
    format: Format,
    /// Write the report to this file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Write findings and errors only: no notes, no summary
    #[arg(short, long)]
    pub(super) quiet: bool,
}

/// Tells on standard error what reports other than those for people do not show, and what is gone from the baseline.
pub(super) fn tell(run: &Run<'_>, arguments: &ReportArguments) {
    if arguments.quiet {
        return;
    }
    if arguments.format != Format::Text {
        for note in &run.notes {
            eprintln!("note: {note}");
        }
    }
    for entry in &run.gone {
        eprintln!("note: no longer found: {}: {}: {}", entry.file, entry.rule, entry.message);
    }
    if !run.gone.is_empty() {
        eprintln!("note: renew the baseline with `--write-baseline`");
    }
}

pub(super) fn write_report(
    run: &Run<'_>,
    arguments: &ReportArguments,
    terminal: &Terminal,
    out: &mut dyn Write,
) -> Fallible<()> {
    let options = report::Options { summary: !arguments.quiet, ..terminal.options() };
    let Some(path) = &arguments.output else {
        return Ok(report::write(run, arguments.format, &options, out)?);
    };
    let write = || {
        let mut file = BufWriter::new(File::create(path)?);
        report::write(run, arguments.format, &report::Options { color: false, ..options }, &mut file)?;
        file.flush()
    };
    write().map_err(|error| cannot_write(path, &error))
}

pub(super) fn write_baseline(run: &Run<'_>, path: &Path, root: &Path, complete: bool) -> Result {
    let baseline = Baseline::of(&run.findings, run.sources, root);
    fs::write(path, baseline.to_json()).map_err(|error| cannot_write(path, &error))?;
    eprintln!("note: the baseline `{}` has {} now", path.display(), counted(baseline.len(), "finding"));
    Ok(if complete { Outcome::Success } else { Outcome::Incomplete })
}

fn cannot_write(path: &Path, error: &io::Error) -> Error {
    Error::Usage(format!("cannot write {}: {error}", path.display()))
}
