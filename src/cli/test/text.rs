use std::io::{self, Write};

use crate::cli::render::places::line;
use crate::suite::{Case, Failure, PlaceKind, Verdict};

use super::Results;

/// A line for each case; one that fails is followed by what was expected and found, and by its trace.
pub(super) fn write(results: &Results<'_>, out: &mut dyn Write) -> io::Result<()> {
    for (tested, trace) in results.tested.iter().zip(&results.traces) {
        let title = title(tested.case);
        match &tested.verdict {
            Verdict::Passed => writeln!(out, "ok      {title}")?,
            Verdict::Impossible(message) => {
                writeln!(out, "FAILED  {title}  ({})", results.place(tested.case.at))?;
                writeln!(out, "  {message}")?;
            }
            Verdict::Failed(failures) => {
                writeln!(out, "FAILED  {title}  ({})", results.place(tested.case.at))?;
                for failure in failures {
                    writeln!(out, "  {}", describe(failure, results))?;
                }
            }
        }
        if let Some(report) = trace {
            writeln!(out)?;
            let mut text = Vec::new();
            report.write_text(&mut text)?;
            for line in String::from_utf8_lossy(&text).lines() {
                writeln!(out, "{}", format!("    {line}").trim_end())?;
            }
            writeln!(out)?;
        }
    }
    if results.shows_coverage {
        write_coverage(results, out)?;
    }
    let (all, failed) = (results.tested.len(), results.failed());
    writeln!(out, "{} passed, {failed} failed", all - failed)
}

pub(super) fn title(case: &Case) -> String {
    format!("{} [{}]", case.name, case.ask.title())
}

pub(super) fn describe(failure: &Failure, results: &Results<'_>) -> String {
    let Failure { at, key, expected, negated, found } = failure;
    let not = if *negated { "anything but " } else { "" };
    format!("{}: {key}: expected {not}{expected}, found {found}", results.place(*at))
}

fn write_coverage(results: &Results<'_>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out)?;
    let kinds =
        [(PlaceKind::Route, "routes"), (PlaceKind::Policy, "policy rules"), (PlaceKind::Authentication, "token rules")];
    for (kind, name) in kinds {
        let (reached, all) = results.coverage.count(kind);
        // Few meshes have rules of tokens.
        if all > 0 || kind != PlaceKind::Authentication {
            writeln!(out, "{reached} of {all} {name} reached")?;
        }
    }
    for place in results.coverage.places.iter().filter(|place| !place.reached) {
        writeln!(out, "  not reached  {}  ({})", line(results.sources, place.at), place.resource)?;
    }
    writeln!(out, "coverage {}\n", percent(results.coverage.percent()))
}

pub(super) fn percent(percent: f64) -> String {
    // Rounded down: 100 means all.
    format!("{}%", (percent * 10.0).floor() / 10.0)
}
