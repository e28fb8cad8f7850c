mod output;
mod settings;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::lint;
use crate::source::{self, Loaded, ReadError, Sources};

use super::config::{Config, ConfigArguments, FailOn};
use super::fix::{self, Change};
use super::mesh::MeshArguments;
use super::progress::Progress;
use super::terminal::Terminal;
use super::{Fallible, Outcome, Result};

use output::ReportArguments;
use settings::RuleArguments;

/// Check Istio configuration
///
/// Reads all files as one mesh and reports what is wrong with it: illegal fields, references that lead nowhere, routes
/// that no request takes, policies that do not do what they seem to.
///
/// The exit code is 0 if nothing was found that matters (see `--fail-on`), 1 if something was, and 2 if something could
/// not be read or the command line is wrong. It is the same for every format.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Files, folders, or `-` for standard input [default: the working directory]
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Files and folders that are read, too, so that the others can be judged, but are not checked themselves
    #[arg(long, value_name = "PATH")]
    context: Vec<PathBuf>,
    #[command(flatten)]
    config: ConfigArguments,
    #[command(flatten)]
    rules: RuleArguments,
    #[command(flatten)]
    mesh: MeshArguments,
    #[command(flatten)]
    fix: FixArguments,
    #[command(flatten)]
    report: ReportArguments,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Fixes")]
struct FixArguments {
    /// Correct in the files what has one right answer, then report what is left
    #[arg(long)]
    fix: bool,
    /// Show what `--fix` would change, and change nothing; fails if there is something
    #[arg(long, conflicts_with = "fix")]
    diff: bool,
}

pub(super) fn run(arguments: &Arguments, terminal: &Terminal, out: &mut dyn Write) -> Result {
    let start = Instant::now();
    let file = arguments.config.read()?;
    let progress = (!arguments.report.quiet).then(|| Progress::start("checking…"));
    let mut loaded = load(arguments, &file)?;
    let config = settings::config(&arguments.rules, &arguments.mesh, &file, &mut loaded)?;
    let changes = match arguments.fix.fix || arguments.fix.diff {
        true => fix::fix(&mut loaded.sources, &config),
        false => Vec::new(),
    };
    if arguments.fix.diff {
        return write_difference(&loaded, &changes, out);
    }
    loaded.errors.extend(write_changes(&loaded.sources, &changes));
    let mut run = lint::check(&loaded.sources, &config);
    drop(progress);
    run.elapsed = start.elapsed();
    if !arguments.report.quiet {
        run.notes = notes(&loaded);
    }

    for error in &loaded.errors {
        eprintln!("error: {error}");
    }
    if let Some(path) = &arguments.rules.write_baseline {
        return output::write_baseline(&run, path, &config.root, loaded.errors.is_empty());
    }
    output::tell(&run, &arguments.report);
    output::write_report(&run, &arguments.report, terminal, out)?;
    let fail_on = arguments.rules.fail_on.or(file.fail_on).unwrap_or(FailOn::Error);
    Ok(match run.worst() {
        _ if !loaded.errors.is_empty() => Outcome::Incomplete,
        Some(worst) if fail_on.fails(worst) => Outcome::Findings,
        _ => Outcome::Success,
    })
}

fn write_difference(loaded: &Loaded, changes: &[Change], out: &mut dyn Write) -> Result {
    for change in changes {
        let source = loaded.sources.get(change.source);
        write!(out, "{}", fix::difference(source.name(), &change.old, source.text()))?;
    }
    for error in &loaded.errors {
        eprintln!("error: {error}");
    }
    Ok(match changes {
        _ if !loaded.errors.is_empty() => Outcome::Incomplete,
        [] => Outcome::Success,
        _ => Outcome::Findings,
    })
}

/// Writes the fixed files, and returns what went wrong.
fn write_changes(sources: &Sources, changes: &[Change]) -> Vec<ReadError> {
    let mut errors = Vec::new();
    for change in changes {
        let source = sources.get(change.source);
        match fix::replace(Path::new(source.name()), &change.old, source.text()) {
            Ok(()) => eprintln!("note: `{}` has {} fixes", source.name(), change.fixes),
            Err(error) => {
                errors.push(ReadError { name: source.name().to_owned(), reason: format!("not fixed: {error}") })
            }
        }
    }
    errors
}

fn load(arguments: &Arguments, file: &Config) -> Fallible<Loaded> {
    let here = [PathBuf::from(".")];
    let paths = if arguments.paths.is_empty() { &here[..] } else { &arguments.paths };
    let excluded = settings::path_globs(&file.exclude, file)?;
    Ok(source::load(paths, &arguments.context, |path| excluded.matches(path)))
}

const RENDER: &str = "render them first, as with `helm template . | meshlint check -`";

/// What the reader should know about the run.
fn notes(loaded: &Loaded) -> Vec<String> {
    let mut notes = Vec::new();
    match &loaded.templates[..] {
        [] => {}
        [one] => notes.push(format!("`{one}` is a template and was not checked; {RENDER}")),
        [first, others @ ..] => {
            let others = counted(others.len(), "other file");
            notes.push(format!("`{first}` and {others} are templates and were not checked; {RENDER}"));
        }
    }
    if loaded.sources.is_empty() && loaded.templates.is_empty() && loaded.errors.is_empty() {
        notes.push("there are no YAML or JSON files here".to_owned());
    }
    notes
}

fn counted(count: usize, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}
