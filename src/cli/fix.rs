//! Changed texts, as differences and in their files.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process;

use similar::TextDiff;

use crate::lint::{self, Config};
use crate::source::{SourceId, Sources};

/// A fix can bring out what another one has to say: so often the sources are looked at again.
const PASSES: usize = 10;

/// A source that fixes changed.
pub(super) struct Change {
    pub(super) source: SourceId,
    /// What it was before.
    pub(super) old: String,
    pub(super) fixes: usize,
}

/// Makes all fixes in `sources`, until there are none left. Nothing is written to files.
pub(super) fn fix(sources: &mut Sources, config: &Config) -> Vec<Change> {
    let mut changes: Vec<Change> = Vec::new();
    for _ in 0..PASSES {
        let fixed = lint::fixes(&lint::check(sources, config));
        if fixed.is_empty() {
            break;
        }
        for lint::FixedSource { source, text, fixes } in fixed {
            match changes.iter_mut().find(|change| change.source == source) {
                Some(change) => change.fixes += fixes,
                None => changes.push(Change { source, old: sources.get(source).text().to_owned(), fixes }),
            }
            sources.replace(source, text);
        }
    }
    changes.sort_by_key(|change| change.source);
    changes
}

/// The difference between two texts of a file, as `diff -u` writes it.
pub(super) fn difference(name: &str, old: &str, new: &str) -> String {
    TextDiff::from_lines(old, new)
        .unified_diff()
        .header(&format!("{name} (now)"), &format!("{name} (fixed)"))
        .to_string()
}

/// Replaces what the file holds: all of it, or nothing. A file that no longer holds `old` is left alone.
pub(super) fn replace(path: &Path, old: &str, new: &str) -> io::Result<()> {
    // A link stays a link: what it leads to is replaced.
    let path = path.canonicalize()?;
    let (mut file, temporary) = beside(&path)?;
    let written = file
        .write_all(new.as_bytes())
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::set_permissions(&temporary, fs::metadata(&path)?.permissions()))
        .and_then(|()| unchanged(&path, old))
        .and_then(|()| fs::rename(&temporary, &path));
    if written.is_err() {
        // The first error is the one to tell.
        let _ = fs::remove_file(&temporary);
    }
    written
}

fn unchanged(path: &Path, old: &str) -> io::Result<()> {
    match fs::read(path)? == old.as_bytes() {
        true => Ok(()),
        false => Err(io::Error::other("it has changed since it was read, or is not UTF-8")),
    }
}

/// A new file in the same folder, so that it can take the other's place in one step.
fn beside(path: &Path) -> io::Result<(File, PathBuf)> {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".meshlint-{}", process::id()));
    let temporary = path.with_file_name(name);
    Ok((OpenOptions::new().write(true).create_new(true).open(&temporary)?, temporary))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_changed_meanwhile_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.yaml");
        fs::write(&path, "now\n").unwrap();
        assert!(replace(&path, "before\n", "after\n").is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "now\n");
        replace(&path, "now\n", "after\n").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "after\n");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file is left");
    }
}
