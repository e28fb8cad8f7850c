use std::io::{self, Write};

use serde::Serialize;

use crate::finding::Severity;
use crate::lint::{Reported, Run, fingerprints};

use super::place::Place;
use super::{Options, write_json};

#[derive(Serialize)]
struct Issue<'a> {
    description: &'a str,
    check_name: &'a str,
    fingerprint: String,
    severity: &'static str,
    location: Location,
}

#[derive(Serialize)]
struct Location {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: usize,
    end: usize,
}

/// The report that GitLab shows in merge requests, a subset of Code Climate's.
pub(super) fn write(run: &Run<'_>, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let fingerprints = fingerprints(&run.findings, run.sources, &options.root);
    let issues = run.findings.iter().zip(fingerprints);
    let issues = issues.map(|(reported, fingerprint)| issue(reported, fingerprint, run, options)).collect::<Vec<_>>();
    write_json(&issues, out)
}

fn issue<'a>(reported: &'a Reported, fingerprint: String, run: &Run<'_>, options: &Options) -> Issue<'a> {
    let place = Place::of(reported.finding.at, run.sources);
    Issue {
        description: &reported.finding.message,
        check_name: reported.rule.id,
        fingerprint,
        severity: match reported.severity {
            Severity::Error => "major",
            Severity::Warning => "minor",
            Severity::Info => "info",
        },
        location: Location { path: place.path(&options.root), lines: Lines { begin: place.line, end: place.end_line } },
    }
}
