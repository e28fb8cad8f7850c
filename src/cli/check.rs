use std::env;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::lint::{self, Baseline, GlobText, Level, Levels, PathGlobs, RuleName, Run};
use crate::report::{self, Format};
use crate::schema;
use crate::source::{self, Loaded, ReadError, Sources};

use super::config::{Config, ConfigArguments, FailOn};
use super::fix::{self, Change};
use super::mesh::MeshArguments;
use super::progress::Progress;
use super::terminal::Terminal;
use super::{Error, Outcome, Result};

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

/// A rule goes by its name, a code of another tool (IST0101, KIA1107) or its category
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Rules")]
struct RuleArguments {
    /// Ask only these rules: names, codes such as IST0101 or KIA1107, or categories
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    select: Vec<RuleName>,
    /// Do not ask these rules
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    ignore: Vec<RuleName>,
    /// Fail if there are findings of this severity or a worse one [default: error]
    #[arg(long, value_enum, value_name = "SEVERITY")]
    fail_on: Option<FailOn>,
    /// Do not report the findings that are in this file
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Report nothing, but write all findings to this file, for `--baseline`
    #[arg(long, value_name = "FILE")]
    write_baseline: Option<PathBuf>,
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

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Report")]
struct ReportArguments {
    /// How findings are written
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
    format: Format,
    /// Write the report to this file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Write findings and errors only: no notes, no summary
    #[arg(short, long)]
    quiet: bool,
}

pub(super) fn run(arguments: &Arguments, terminal: &Terminal, out: &mut dyn Write) -> Result {
    let start = Instant::now();
    let file = arguments.config.read()?;
    let progress = (!arguments.report.quiet).then(|| Progress::start("checking…"));
    let mut loaded = load(arguments, &file)?;
    let config = lint_config(arguments, &file, &mut loaded)?;
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
        return write_baseline(&run, path, &config.root, loaded.errors.is_empty());
    }
    tell(&run, &arguments.report);
    write_report(&run, &arguments.report, terminal, out)?;
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

fn load(arguments: &Arguments, file: &Config) -> std::result::Result<Loaded, Error> {
    let here = [PathBuf::from(".")];
    let paths = if arguments.paths.is_empty() { &here[..] } else { &arguments.paths };
    let excluded = path_globs(&file.exclude, file)?;
    Ok(source::load(paths, &arguments.context, |path| excluded.matches(path)))
}

/// Flags win over the configuration file.
fn lint_config(arguments: &Arguments, file: &Config, loaded: &mut Loaded) -> std::result::Result<lint::Config, Error> {
    let mesh_config = match arguments.mesh.mesh_config(file) {
        Some(path) => {
            let source = source::read(&path).map_err(usage)?;
            Some(loaded.sources.add(source))
        }
        None => None,
    };
    let baseline = match arguments.rules.baseline.clone().or_else(|| file.baseline()) {
        // What is written is all there is, whatever is known.
        Some(path) if arguments.rules.write_baseline.is_none() => read_baseline(&path)?,
        _ => Baseline::default(),
    };
    Ok(lint::Config {
        levels: levels(&arguments.rules, file)?,
        mesh: arguments.mesh.options(file),
        fields: schema::Options::new(file.allow_fields.iter().map(GlobText::as_str)).map_err(usage)?,
        mesh_config,
        baseline,
        root: env::current_dir().unwrap_or_default(),
    })
}

fn levels(arguments: &RuleArguments, file: &Config) -> std::result::Result<Levels, Error> {
    fn given<'a>(flag: &'a [RuleName], key: &'a [RuleName]) -> &'a [RuleName] {
        if flag.is_empty() { key } else { flag }
    }
    let overrides = file.overrides.iter().map(|other| {
        let paths = other.paths.as_ref().map(|globs| path_globs(globs, file)).transpose()?;
        let namespaces = other.namespaces.as_ref().map(|globs| lint::name_globs(globs).map_err(usage)).transpose()?;
        Ok(lint::Override::new(paths, namespaces, other.rules.clone()))
    });
    let overrides = overrides.collect::<std::result::Result<_, Error>>()?;
    // What is asked for on the command line is on, whatever the file says.
    let is_on = |level: Level| arguments.select.is_empty() || level != Level::Off;
    let levels = file.rules.iter().filter(|(_, level)| is_on(**level)).map(|(name, level)| (name.clone(), *level));
    let (select, ignore) = (given(&arguments.select, &file.select), given(&arguments.ignore, &file.ignore));
    Ok(Levels::new(select, ignore, levels, overrides))
}

fn path_globs(globs: &[GlobText], file: &Config) -> std::result::Result<PathGlobs, Error> {
    PathGlobs::new(&file.folder, globs).map_err(usage)
}

fn usage(error: impl std::fmt::Display) -> Error {
    Error::Usage(error.to_string())
}

fn read_baseline(path: &Path) -> std::result::Result<Baseline, Error> {
    let source = source::read(path).map_err(usage)?;
    Baseline::parse(source.text()).map_err(|reason| usage(format!("{}: {reason}", source.name())))
}

fn write_baseline(run: &Run<'_>, path: &Path, root: &Path, complete: bool) -> Result {
    let baseline = Baseline::of(&run.findings, run.sources, root);
    fs::write(path, baseline.to_json()).map_err(|error| cannot_write(path, &error))?;
    eprintln!("note: the baseline `{}` has {} now", path.display(), counted(baseline.len(), "finding"));
    Ok(if complete { Outcome::Success } else { Outcome::Incomplete })
}

fn cannot_write(path: &Path, error: &io::Error) -> Error {
    Error::Usage(format!("cannot write {}: {error}", path.display()))
}

fn counted(count: usize, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
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

/// Tells on standard error what reports other than those for people do not show, and what is gone from the baseline.
fn tell(run: &Run<'_>, arguments: &ReportArguments) {
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

fn write_report(
    run: &Run<'_>,
    arguments: &ReportArguments,
    terminal: &Terminal,
    out: &mut dyn Write,
) -> std::result::Result<(), Error> {
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
