//! The files of a command as one mesh.

use std::path::PathBuf;

use crate::lint::{self, Reported};
use crate::mesh::Mesh;
use crate::source::{self, Sources};

use super::config::ConfigArguments;
use super::mesh::MeshArguments;
use super::{Error, Fallible, Outcome, Result};

/// Gives the mesh in the files to `ask`, without what istiod's webhook or the API server would refuse, which is told on
/// standard error. No paths stand for the working directory.
pub(super) fn with_mesh(
    paths: &[PathBuf],
    config: &ConfigArguments,
    mesh: &MeshArguments,
    ask: impl FnOnce(&Mesh<'_>, &Sources) -> Fallible<()>,
) -> Result {
    let file = config.read()?;
    let here = [PathBuf::from(".")];
    let mut loaded = source::load(if paths.is_empty() { &here } else { paths }, &[], |_| false);
    for error in &loaded.errors {
        eprintln!("error: {error}");
    }
    let mesh_config = match mesh.mesh_config(&file) {
        Some(path) => {
            let source = source::read(&path).map_err(|error| Error::Usage(error.to_string()))?;
            Some(loaded.sources.add(source))
        }
        None => None,
    };
    let config = lint::Config { mesh: mesh.options(&file), mesh_config, ..lint::Config::default() };
    lint::with_admitted(&loaded.sources, &config, |mesh, refused| {
        tell(&loaded.sources, &refused);
        ask(mesh, &loaded.sources)
    })?;
    Ok(if loaded.errors.is_empty() { Outcome::Success } else { Outcome::Incomplete })
}

/// Says what is left out, and why.
fn tell(sources: &Sources, refused: &[Reported]) {
    for Reported { finding, rule, .. } in refused {
        let at = sources.locate(finding.at);
        let resource = finding.resource.as_ref();
        let name = resource.map_or_else(String::new, |resource| format!("{} {}", resource.kind, resource.name));
        eprintln!(
            "warning: {}:{}:{}: {name} is left out: {} [{}]",
            at.file, at.line, at.column, finding.message, rule.id
        );
    }
}
