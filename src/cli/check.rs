use std::io::Write;
use std::path::PathBuf;
use std::time::Instant;

use crate::finding::Severity;
use crate::lint::analyze;
use crate::mesh::Options;
use crate::report::{self, Format, Reported, Run};
use crate::rules;
use crate::source::{Source, Sources};

use super::terminal::Terminal;
use super::{Outcome, Result};

/// Check Istio configuration
///
/// Reads all files as one mesh and reports what is wrong with it.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Files and folders
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// How findings are written
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(super) fn run(arguments: &Arguments, terminal: &Terminal, out: &mut dyn Write) -> Result {
    let start = Instant::now();
    let mut sources = Sources::default();
    let mut paths = Vec::new();
    for path in &arguments.paths {
        match path.is_dir() {
            true => paths
                .extend(ignore::Walk::new(path).filter_map(std::result::Result::ok).map(ignore::DirEntry::into_path)),
            false => paths.push(path.clone()),
        }
    }
    paths.retain(|path| path.is_file());
    paths.sort();
    for path in &paths {
        sources.add(Source::new(path.display().to_string(), std::fs::read_to_string(path)?));
    }
    let options = Options::default();
    let analysis = analyze(&sources, None, &options, |_| true);
    let mut findings: Vec<_> = analysis
        .findings
        .into_iter()
        .map(|finding| {
            let rule = rules::page(finding.rule);
            Reported { severity: finding.severity.unwrap_or(rule.severity), rule, finding }
        })
        .collect();
    findings.sort_by_key(|reported| reported.finding.at);
    let failed = findings.iter().any(|reported| reported.severity == Severity::Error);
    let run = Run {
        sources: &sources,
        findings,
        resources: analysis.resources,
        files: paths.len(),
        elapsed: start.elapsed(),
        notes: Vec::new(),
        suppressed: 0,
    };
    report::write(&run, arguments.format, &terminal.options(), out)?;
    Ok(if failed { Outcome::Findings } else { Outcome::Success })
}
