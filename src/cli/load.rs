//! The files of a command as one mesh.

use std::path::PathBuf;

use crate::lint::{self, Reported};
use crate::mesh::Mesh;
use crate::source::{self, ReadError, Source, Sources};

use super::config::ConfigArguments;
use super::mesh::MeshArguments;
use super::{Error, Fallible, Outcome, Result};

/// What places in resources are called that no file has.
const STAND_INS: &str = "(stand-ins)";

/// Gives the mesh in the files to `ask`, without what istiod's webhook or the API server would refuse, which is told on
/// standard error. No paths stand for the working directory.
pub(super) fn with_mesh(
    paths: &[PathBuf],
    config: &ConfigArguments,
    mesh: &MeshArguments,
    ask: impl FnOnce(&Mesh<'_>, &Sources) -> Fallible<()>,
) -> Result {
    let ((), problems) = with_admitted(paths, config, mesh, |mesh, sources, problems| {
        problems.tell();
        ask(mesh, sources)
    })?;
    Ok(problems.outcome())
}

/// What is not as it should be in files that were read.
#[derive(Clone, Debug, Default)]
pub(super) struct Problems {
    unreadable: Vec<ReadError>,
    /// With file, line and column.
    pub refused: Vec<String>,
    /// Something is no resource at all, so that it is not known what is missing.
    broken: bool,
}

impl Problems {
    pub fn tell(&self) {
        self.unreadable.iter().for_each(|error| eprintln!("error: {error}"));
        self.refused.iter().for_each(|refusal| eprintln!("warning: {refusal}"));
    }

    pub fn outcome(&self) -> Outcome {
        if self.unreadable.is_empty() && !self.broken { Outcome::Success } else { Outcome::Incomplete }
    }

    /// Everything, a line each.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        self.unreadable.iter().map(ToString::to_string).chain(self.refused.iter().cloned())
    }
}

/// As [`with_mesh`], and leaves it to the caller to tell what is left out.
pub(super) fn with_admitted<T>(
    paths: &[PathBuf],
    config: &ConfigArguments,
    mesh: &MeshArguments,
    ask: impl FnOnce(&Mesh<'_>, &Sources, &Problems) -> Fallible<T>,
) -> Fallible<(T, Problems)> {
    with_completed(paths, config, mesh, |_| None, ask)
}

/// The same, with the resources in what `complete` writes, if anything.
pub(super) fn with_completed<T>(
    paths: &[PathBuf],
    config: &ConfigArguments,
    mesh: &MeshArguments,
    complete: impl FnOnce(&Mesh<'_>) -> Option<String>,
    ask: impl FnOnce(&Mesh<'_>, &Sources, &Problems) -> Fallible<T>,
) -> Fallible<(T, Problems)> {
    let file = config.read()?;
    let here = [PathBuf::from(".")];
    let mut loaded = source::load(if paths.is_empty() { &here } else { paths }, &[], |_| false);
    let mesh_config = match mesh.mesh_config(&file) {
        Some(path) => {
            let source = source::read(&path).map_err(|error| Error::Usage(error.to_string()))?;
            Some(loaded.sources.add(source))
        }
        None => None,
    };
    let config = lint::Config { mesh: mesh.options(&file), mesh_config, ..lint::Config::default() };
    let mut problems = Problems { unreadable: loaded.errors, ..Problems::default() };
    let asked = lint::with_admitted(&loaded.sources, &config, |mesh, refused| {
        problems.broken = refused.iter().any(|refusal| refusal.finding.resource.is_none());
        problems.refused = refused.iter().map(|refusal| text(&loaded.sources, refusal)).collect();
        match complete(mesh) {
            None => Ok(ask(mesh, &loaded.sources, &problems)),
            Some(resources) => Err((resources, ask)),
        }
    });
    let answer = match asked {
        Ok(answer) => answer,
        Err((resources, ask)) => {
            loaded.sources.add(Source::new(STAND_INS, resources));
            lint::with_admitted(&loaded.sources, &config, |mesh, _| ask(mesh, &loaded.sources, &problems))
        }
    };
    Ok((answer?, problems))
}

/// Says what is left out, and why.
fn text(sources: &Sources, Reported { finding, rule, .. }: &Reported) -> String {
    let at = sources.locate(finding.at);
    let left_out = match &finding.resource {
        Some(resource) => format!("{} {} is left out: ", resource.kind, resource.name),
        None => String::new(),
    };
    format!("{}:{}:{}: {left_out}{} [{}]", at.file, at.line, at.column, finding.message, rule.id)
}
