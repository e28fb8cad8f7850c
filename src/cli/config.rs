//! The configuration file, `meshlint.yaml`. `schemas/config.json` describes it for editors.

use std::collections::BTreeMap;
use std::env;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde::{Deserialize, Deserializer};

use crate::finding::Severity;
use crate::format::IstioVersion;
use crate::lint::{GlobText, Level, RuleName};
use crate::source;

use super::Error;

/// The JSON Schema of the file.
pub(super) const SCHEMA: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/config.json"));

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
    pub(super) exclude: Vec<GlobText>,
    pub(super) allow_fields: Vec<GlobText>,
    baseline: Option<PathBuf>,
}

/// Other levels for some files or namespaces.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Override {
    pub(super) paths: Option<Vec<GlobText>>,
    pub(super) namespaces: Option<Vec<GlobText>>,
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
    let shown = path.strip_prefix(env::current_dir().unwrap_or_default()).unwrap_or(path);
    let source = source::read(shown).map_err(|error| Error::Usage(error.to_string()))?;
    // A file of comments only is not a mapping.
    let config: Option<Config> =
        serde_yaml::from_str(source.text()).map_err(|reason| Error::Usage(format!("{}: {reason}", source.name())))?;
    let folder = path.parent().unwrap_or(Path::new("")).to_owned();
    Ok(Config { folder, ..config.unwrap_or_default() })
}

fn istio_version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<IstioVersion>, D::Error> {
    // As written: `1.30` without quotes is not taken for the number 1.3.
    let text = String::deserialize(deserializer)?;
    IstioVersion::parse(&text).map(Some).map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;

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

    /// What a refusal says may be written: its words in backticks, but for the refused one.
    fn allowed(text: &str) -> BTreeSet<String> {
        let message = refusal(text);
        let (_, allowed) = message.split_once(", expected").unwrap();
        allowed.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    }

    #[test]
    fn the_schema_has_the_same_words() {
        let schema: serde_json::Value = serde_json::from_str(SCHEMA).unwrap();
        for (text, pointer) in [
            ("x: 1\n", "/properties"),
            ("overrides: [{x: 1}]\n", "/properties/overrides/items/properties"),
            ("fail-on: x\n", "/properties/fail-on/enum"),
            ("rules: {duplicate-key: x}\n", "/$defs/levels/additionalProperties/enum"),
        ] {
            let words = match schema.pointer(pointer).unwrap() {
                serde_json::Value::Object(keys) => keys.keys().cloned().collect(),
                serde_json::Value::Array(words) => words.iter().map(|word| word.as_str().unwrap().to_owned()).collect(),
                other => panic!("{pointer}: {other}"),
            };
            assert_eq!(allowed(text), words, "{text}");
        }
    }

    #[test]
    fn versions_need_no_quotes() {
        let config: Config = serde_yaml::from_str("istio-version: 1.30\n").unwrap();
        assert_eq!(config.istio_version, Some(IstioVersion { minor: 30, patch: 0 }));
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
