use std::io::{self, Write};

use serde::Serialize;

use crate::cli::render::places::line;
use crate::cli::trace;
use crate::suite::{PlaceKind, Verdict};

use super::Results;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'r> {
    passed: usize,
    failed: usize,
    cases: Vec<Case<'r>>,
    coverage: Coverage<'r>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Case<'r> {
    name: &'r str,
    request: String,
    at: String,
    passed: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    failures: Vec<Failure<'r>>,
    /// Why it could not be asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace: Option<&'r trace::Report>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Failure<'r> {
    expectation: &'r str,
    expected: &'r str,
    negated: bool,
    at: String,
    found: &'r str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Coverage<'r> {
    percent: f64,
    routes: Count,
    policies: Count,
    token_rules: Count,
    not_reached: Vec<Place<'r>>,
}

#[derive(Serialize)]
struct Count {
    reached: usize,
    all: usize,
}

#[derive(Serialize)]
struct Place<'r> {
    resource: &'r str,
    at: String,
}

pub(super) fn write(results: &Results<'_>, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &report(results))?;
    writeln!(out)
}

fn report<'r>(results: &'r Results<'_>) -> Report<'r> {
    let cases = results.tested.iter().zip(&results.traces).map(|(tested, trace)| {
        let (failures, problem) = match &tested.verdict {
            Verdict::Passed => (&[][..], None),
            Verdict::Failed(failures) => (&failures[..], None),
            Verdict::Impossible(message) => (&[][..], Some(message.as_str())),
        };
        let failures = failures.iter().map(|failure| Failure {
            expectation: &failure.key,
            expected: &failure.expected,
            negated: failure.negated,
            at: results.place(failure.at),
            found: &failure.found,
        });
        Case {
            name: &tested.case.name,
            request: tested.case.ask.title(),
            at: results.place(tested.case.at),
            passed: tested.verdict == Verdict::Passed,
            failures: failures.collect(),
            problem,
            trace: trace.as_ref(),
        }
    });
    let count = |kind| {
        let (reached, all) = results.coverage.count(kind);
        Count { reached, all }
    };
    let missed = results.coverage.places.iter().filter(|place| !place.reached);
    let missed = missed.map(|place| Place { resource: &place.resource, at: line(results.sources, place.at) });
    Report {
        passed: results.tested.len() - results.failed(),
        failed: results.failed(),
        cases: cases.collect(),
        coverage: Coverage {
            percent: results.coverage.percent(),
            routes: count(PlaceKind::Route),
            policies: count(PlaceKind::Policy),
            token_rules: count(PlaceKind::Authentication),
            not_reached: missed.collect(),
        },
    }
}
