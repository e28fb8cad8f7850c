//! From flags and the configuration file to what a run goes by.

use std::env;
use std::path::{Path, PathBuf};

use crate::cli::config::{Config, FailOn};
use crate::cli::mesh::MeshArguments;
use crate::cli::{Error, Fallible};
use crate::lint::{self, Baseline, GlobText, Level, Levels, PathGlobs, RuleName};
use crate::schema;
use crate::source::{self, Loaded};

/// A rule goes by its name, a code of another tool (IST0101, KIA1107) or its category
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Rules")]
pub(super) struct RuleArguments {
    /// Ask only these rules: names, codes such as IST0101 or KIA1107, or categories
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    select: Vec<RuleName>,
    /// Do not ask these rules
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    ignore: Vec<RuleName>,
    /// Fail if there are findings of this severity or a worse one [default: error]
    #[arg(long, value_enum, value_name = "SEVERITY")]
    pub(super) fail_on: Option<FailOn>,
    /// Do not report the findings that are in this file
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Report nothing, but write all findings to this file, for `--baseline`
    #[arg(long, value_name = "FILE")]
    pub(super) write_baseline: Option<PathBuf>,
}

/// Flags win over the configuration file.
pub(super) fn config(
    rules: &RuleArguments,
    mesh: &MeshArguments,
    file: &Config,
    loaded: &mut Loaded,
) -> Fallible<lint::Config> {
    let mesh_config = match mesh.mesh_config(file) {
        Some(path) => {
            let source = source::read(&path).map_err(usage)?;
            Some(loaded.sources.add(source))
        }
        None => None,
    };
    let baseline = match rules.baseline.clone().or_else(|| file.baseline()) {
        // What is written is all there is, whatever is known.
        Some(path) if rules.write_baseline.is_none() => read_baseline(&path)?,
        _ => Baseline::default(),
    };
    Ok(lint::Config {
        levels: levels(rules, file)?,
        mesh: mesh.options(file),
        fields: schema::Options::new(file.allow_fields.iter().map(GlobText::as_str)).map_err(usage)?,
        mesh_config,
        baseline,
        root: env::current_dir().unwrap_or_default(),
    })
}

fn levels(arguments: &RuleArguments, file: &Config) -> Fallible<Levels> {
    fn given<'a>(flag: &'a [RuleName], key: &'a [RuleName]) -> &'a [RuleName] {
        if flag.is_empty() { key } else { flag }
    }
    let overrides = file.overrides.iter().map(|other| {
        let paths = other.paths.as_ref().map(|globs| path_globs(globs, file)).transpose()?;
        let namespaces = other.namespaces.as_ref().map(|globs| lint::name_globs(globs).map_err(usage)).transpose()?;
        Ok(lint::Override::new(paths, namespaces, other.rules.clone()))
    });
    let overrides = overrides.collect::<Fallible<_>>()?;
    // What is asked for on the command line is on, whatever the file says.
    let is_on = |level: Level| arguments.select.is_empty() || level != Level::Off;
    let levels = file.rules.iter().filter(|(_, level)| is_on(**level)).map(|(name, level)| (name.clone(), *level));
    let (select, ignore) = (given(&arguments.select, &file.select), given(&arguments.ignore, &file.ignore));
    Ok(Levels::new(select, ignore, levels, overrides))
}

pub(super) fn path_globs(globs: &[GlobText], file: &Config) -> Fallible<PathGlobs> {
    PathGlobs::new(&file.folder, globs).map_err(usage)
}

fn usage(error: impl std::fmt::Display) -> Error {
    Error::Usage(error.to_string())
}

fn read_baseline(path: &Path) -> Fallible<Baseline> {
    let source = source::read(path).map_err(usage)?;
    Baseline::parse(source.text()).map_err(|reason| usage(format!("{}: {reason}", source.name())))
}
