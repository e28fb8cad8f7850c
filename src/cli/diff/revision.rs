//! The files of a git revision, without checking it out.

use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::cli::{Error, Fallible};
use crate::source::{Source, Sources};

/// All manifests of a revision below `folder`, named `revision:path`.
pub(super) fn load(revision: &str, folder: Option<&Path>) -> Fallible<Sources> {
    let mut list = Command::new("git");
    list.args(["ls-tree", "-r", "-z", "--name-only", "--end-of-options", revision]);
    if let Some(folder) = folder {
        list.arg("--").arg(folder);
    }
    let names = output(&mut list)?;
    let mut sources = Sources::default();
    for name in names.split('\0').filter(|name| is_manifest(name)) {
        let object = format!("{revision}:./{name}");
        let text = output(Command::new("git").args(["cat-file", "blob", &object]))?;
        sources.add(Source::new(format!("{revision}:{name}"), text));
    }
    Ok(sources)
}

fn is_manifest(name: &str) -> bool {
    let extension = Path::new(name).extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| ["yaml", "yml", "json"].contains(&extension))
}

fn output(command: &mut Command) -> Fallible<String> {
    let failed = |reason: String| Error::Usage(format!("git: {}", reason.trim()));
    let made = command.stdin(Stdio::null()).output().map_err(|error: io::Error| failed(error.to_string()))?;
    match made.status.success() {
        true => String::from_utf8(made.stdout).map_err(|error| failed(error.to_string())),
        false => Err(failed(String::from_utf8_lossy(&made.stderr).into_owned())),
    }
}
