//! The configuration file, `meshlint.yaml`. `schemas/config.json` describes it for editors.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde::{Deserialize, Deserializer};

use crate::finding::Severity;
use crate::format::IstioVersion;
use crate::lint::{Level, RuleName};

use super::Error;

const NAMES: [&str; 2] = ["meshlint.yaml", ".meshlint.yaml"];

/// Where the configuration comes from
#[derive(Debug, clap::Args)]
pub(super) struct ConfigArguments {
    /// Configuration file; by default the nearest `meshlint.yaml` or `.meshlint.yaml` in the working directory or above it,
    /// up to the root of the repository
    #[arg(long, value_name = "FILE", conflicts_with = "no_config")]
    config: Option<PathBuf>,
    /// Do not look for a configuration file
    #[arg(long)]
    no_config: bool,
}

/// What a configuration file says. A flag takes the place of the key with its name.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Config {
    /// The folder of the file, which paths and globs in it are relative to.
    #[serde(skip)]
    pub(super) folder: PathBuf,
    pub(super) select: Vec<RuleName>,
    pub(super) ignore: Vec<RuleName>,
    pub(super) fail_on: Option<FailOn>,
    pub(super) rules: BTreeMap<RuleName, Level>,
    pub(super) overrides: Vec<Override>,
    pub(super) cluster_domain: Option<String>,
    pub(super) namespace: Option<String>,
    pub(super) assume_complete: bool,
    mesh_config: Option<PathBuf>,
    #[serde(deserialize_with = "istio_version")]
    pub(super) istio_version: Option<IstioVersion>,
    pub(super) exclude: Vec<String>,
    pub(super) allow_fields: Vec<String>,
    baseline: Option<PathBuf>,
}

/// Other levels for some files or namespaces.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Override {
    pub(super) paths: Option<Vec<String>>,
    pub(super) namespaces: Option<Vec<String>>,
    pub(super) rules: BTreeMap<RuleName, Level>,
}

/// From which severity on findings make the run fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(super) enum FailOn {
    Error,
    Warning,
    Info,
    Never,
}

impl ConfigArguments {
    /// Reads the file that is asked for, or the nearest one.
    pub(super) fn read(&self) -> Result<Config, Error> {
        let nearest = || env::current_dir().ok().and_then(|folder| nearest(&folder));
        match self.config.clone().or_else(|| if self.no_config { None } else { nearest() }) {
            Some(path) => read(&path),
            None => Ok(Config::default()),
        }
    }
}

impl Config {
    pub(super) fn mesh_config(&self) -> Option<PathBuf> {
        self.mesh_config.as_ref().map(|path| self.folder.join(path))
    }

    pub(super) fn baseline(&self) -> Option<PathBuf> {
        self.baseline.as_ref().map(|path| self.folder.join(path))
    }
}

impl FailOn {
    pub(super) fn fails(self, severity: Severity) -> bool {
        match self {
            FailOn::Error => severity >= Severity::Error,
            FailOn::Warning => severity >= Severity::Warning,
            FailOn::Info => true,
            FailOn::Never => false,
        }
    }
}

/// The configuration file in `folder` or the nearest above it. The search ends at the root of the repository; outside of
/// repositories only `folder` counts, lest a file far above is in force unnoticed.
fn nearest(folder: &Path) -> Option<PathBuf> {
    let root = folder.ancestors().find(|folder| folder.join(".git").exists()).unwrap_or(folder);
    let folders = folder.ancestors().take_while(|folder| folder.starts_with(root));
    folders.flat_map(|folder| NAMES.map(|name| folder.join(name))).find(|path| path.is_file())
}

fn read(path: &Path) -> Result<Config, Error> {
    let shown = path.strip_prefix(env::current_dir().unwrap_or_default()).unwrap_or(path).display();
    let error = |reason: &dyn std::fmt::Display| Error::Usage(format!("{shown}: {reason}"));
    let text = fs::read_to_string(path).map_err(|reason| error(&reason))?;
    // A file of comments only is not a mapping.
    let config: Option<Config> = serde_yaml::from_str(&text).map_err(|reason| error(&reason))?;
    let folder = path.parent().unwrap_or(Path::new("")).to_owned();
    Ok(Config { folder, ..config.unwrap_or_default() })
}

fn istio_version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<IstioVersion>, D::Error> {
    // `1.30` without quotes is the number 1.3, so that a number cannot be taken.
    let text = String::deserialize(deserializer)?;
    IstioVersion::parse(&text).map(Some).map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        serde_yaml::from_str::<Config>(text).unwrap_err().to_string()
    }

    #[test]
    fn mistakes_are_told_with_their_line() {
        for (text, expected) in [
            ("\nselects: []\n", "unknown field `selects`"),
            ("rules:\n  duplicate-keys: off\n", "did you mean `duplicate-key`?"),
            ("rules:\n  duplicate-key: of\n", "unknown variant `of`"),
            ("ignore:\n- weather\n", "no rule `weather`"),
            ("overrides:\n- path: [a]\n", "unknown field `path`"),
            ("#\nistio-version: '1.x'\n", "`1.x` is not a version of Istio"),
        ] {
            let message = refusal(text);
            assert!(message.contains(expected) && message.contains("at line 2"), "{text}{message}");
        }
    }

    #[test]
    fn levels_are_words() {
        let config: Config =
            serde_yaml::from_str("rules: {duplicate-key: off, hosts: info}\nfail-on: never\n").unwrap();
        assert_eq!(config.rules.into_values().collect::<Vec<_>>().len(), 2);
        assert_eq!(config.fail_on, Some(FailOn::Never));
    }

    #[test]
    fn the_search_ends_at_the_repository() {
        let outside = tempfile::tempdir().unwrap();
        let repository = outside.path().join("repository");
        let inner = repository.join("a/b");
        fs::create_dir_all(&inner).unwrap();
        fs::create_dir(repository.join(".git")).unwrap();
        fs::write(outside.path().join("meshlint.yaml"), "").unwrap();
        assert_eq!(nearest(&inner), None);
        fs::write(repository.join(".meshlint.yaml"), "").unwrap();
        assert_eq!(nearest(&inner), Some(repository.join(".meshlint.yaml")));
        fs::write(repository.join("a/meshlint.yaml"), "").unwrap();
        assert_eq!(nearest(&inner), Some(repository.join("a/meshlint.yaml")));
    }
}
