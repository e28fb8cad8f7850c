mod json;
mod junit;
mod live;
mod text;

use std::io::Write;
use std::path::PathBuf;

use crate::journey::Traffic;
use crate::mesh::Mesh;
use crate::source::{self, SourceId, Sources};
use crate::suite::{self, Case, Coverage, Live, Runner, Tested, Verdict};
use crate::translate::PushContext;

use super::config::ConfigArguments;
use super::load::{self, Problems};
use super::mesh::MeshArguments;
use super::trace::{Report, Source, now};
use super::{Error, Fallible, Outcome, Result};

/// Test routes and policies
///
/// Runs the cases of test files over the configuration that the proxies get, as `meshlint trace` does with one request. A
/// case that fails shows its trace.
///
/// Files of tests are ours (`meshlint schema test`), those of getyourguide/istio-config-validator, or those of Envoy's
/// router_check_tool. Hosts and gateways of which the files show nothing are stood in for.
///
/// The exit code is 0 if all cases pass, 1 if one fails or `--fail-under` is not reached, and 2 if something could not be
/// read.
#[derive(Debug, clap::Args)]
#[command(override_usage = "meshlint test [OPTIONS] <TESTS>... [-- <PATH>...]")]
pub(super) struct Arguments {
    /// Files of tests
    #[arg(required = true, value_name = "TESTS")]
    tests: Vec<PathBuf>,
    /// Files and folders of the mesh [default: the working directory]
    #[arg(last = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Run only tests whose name contains this
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// Send the requests through proxies that run, too, and compare
    #[arg(long)]
    live: bool,
    /// How to print it
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// Show which routes and policies no test reaches
    #[arg(long)]
    coverage: bool,
    /// Fail if the tests reach fewer of the routes and policies, in percent
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    fail_under: Option<f64>,
    #[command(flatten)]
    config: ConfigArguments,
    #[command(flatten)]
    mesh: MeshArguments,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Text,
    Json,
    Junit,
}

/// What was run, ready to be printed.
struct Results<'r> {
    tested: Vec<Tested<'r>>,
    /// Of the cases that did not pass, in their order.
    traces: Vec<Option<Report>>,
    coverage: Coverage,
    shows_coverage: bool,
    /// Files of tests.
    tests: &'r Sources,
    /// Files of the mesh.
    sources: &'r Sources,
}

fn percent(text: &str) -> std::result::Result<f64, String> {
    let number: f64 = text.trim_end_matches('%').parse().map_err(|_| format!("`{text}` is not a number"))?;
    if (0.0..=100.0).contains(&number) { Ok(number) } else { Err(format!("{number} is not from 0 to 100")) }
}

pub(super) fn run(arguments: &Arguments, out: &mut dyn Write) -> Result {
    let mut tests = Sources::default();
    let mut cases = Vec::new();
    for path in &arguments.tests {
        let id = tests.add(source::read(path).map_err(|error| Error::Usage(error.to_string()))?);
        cases.extend(read(id, &tests)?);
    }
    if let Some(only) = &arguments.only {
        cases.retain(|case| case.name.contains(only.as_str()));
        if cases.is_empty() {
            return Err(Error::Usage(format!("no test has `{only}` in its name")));
        }
    }
    let run = |mesh: &Mesh<'_>, sources: &Sources, problems: &Problems| {
        problems.tell();
        let results = run_cases(&cases, &tests, mesh, sources, arguments)?;
        match arguments.format {
            Format::Text => text::write(&results, out)?,
            Format::Json => json::write(&results, out)?,
            Format::Junit => junit::write(&results, out)?,
        }
        let reached = results.coverage.percent();
        let least = arguments.fail_under.filter(|least| reached < *least);
        if let Some(least) = least {
            eprintln!("error: the tests reach {}, less than {least}%", text::percent(reached));
        }
        Ok(results.failed() == 0 && least.is_none())
    };
    let (passed, problems) =
        load::with_completed(&arguments.paths, &arguments.config, &arguments.mesh, suite::stand_ins, run)?;
    Ok(if passed { problems.outcome() } else { Outcome::Findings })
}

/// All mistakes of a file are told at once.
fn read(id: SourceId, tests: &Sources) -> Fallible<Vec<Case>> {
    suite::read(id, tests.get(id).text()).map_err(|problems| {
        let lines = problems.iter().map(|problem| {
            let at = tests.locate(problem.at);
            format!("{}:{}:{}: {}", at.file, at.line, at.column, problem.message)
        });
        Error::Usage(lines.collect::<Vec<_>>().join("\nerror: "))
    })
}

fn run_cases<'r>(
    cases: &'r [Case],
    tests: &'r Sources,
    mesh: &Mesh<'_>,
    sources: &'r Sources,
    arguments: &Arguments,
) -> Fallible<Results<'r>> {
    let push = PushContext::new(mesh);
    let traffic = Traffic::new(mesh, &push);
    let mut runner = Runner::new(&traffic, now());
    let mut live = match arguments.live {
        true => Some(live::Running::start(&traffic, runner.invented(cases))?),
        false => None,
    };
    let tested: Vec<_> =
        cases.iter().map(|case| runner.run(case, live.as_mut().map(|live| live as &mut dyn Live))).collect();
    if let Some(live) = live {
        live.stop();
    }
    let source = Source::new(mesh, &push, sources);
    let trace = |tested: &Tested<'_>| match tested.verdict {
        Verdict::Failed(_) => {
            let ask = &tested.case.ask;
            Report::of(ask.title(), &source, |observe| runner.send(ask, observe)).ok()
        }
        Verdict::Passed | Verdict::Impossible(_) => None,
    };
    let traces = tested.iter().map(trace).collect();
    let coverage = runner.coverage();
    Ok(Results { tested, traces, coverage, shows_coverage: arguments.coverage, tests, sources })
}

impl Results<'_> {
    fn failed(&self) -> usize {
        self.tested.iter().filter(|tested| tested.verdict != Verdict::Passed).count()
    }

    /// `file:line:column` of a place in a file of tests.
    fn place(&self, at: crate::source::Span) -> String {
        let at = self.tests.locate(at);
        format!("{}:{}:{}", at.file, at.line, at.column)
    }
}
