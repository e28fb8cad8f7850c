use std::path::{Path, PathBuf};
use std::str::FromStr;

use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// A well-formed glob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GlobText(String);

impl GlobText {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for GlobText {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match Glob::new(text) {
            Ok(_) => Ok(Self(text.to_owned())),
            Err(error) => Err(format!("`{text}` is not a glob: {}", error.kind())),
        }
    }
}

impl<'de> Deserialize<'de> for GlobText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// Globs of names, each of which has to match as a whole.
pub fn name_globs(globs: &[GlobText]) -> Result<GlobSet, globset::Error> {
    let mut set = GlobSetBuilder::new();
    for glob in globs {
        set.add(Glob::new(glob.as_str())?);
    }
    set.build()
}

/// Globs of files, as `.gitignore` has them: one without `/` matches at any depth, one that matches a folder matches all
/// that is in it, `*` stays within a folder and `**` does not.
#[derive(Clone, Debug, Default)]
pub struct PathGlobs {
    /// The folder that the globs are relative to.
    base: PathBuf,
    globs: GlobSet,
}

impl PathGlobs {
    /// `base` is made absolute if it is not.
    pub fn new(base: &Path, globs: &[GlobText]) -> Result<Self, globset::Error> {
        let mut set = GlobSetBuilder::new();
        for glob in globs {
            let trimmed = glob.as_str().trim_start_matches("./").trim_end_matches('/');
            let anchored = match trimmed.strip_prefix('/') {
                Some(rest) => rest.to_owned(),
                None if trimmed.contains('/') => trimmed.to_owned(),
                None => format!("**/{trimmed}"),
            };
            for glob in [format!("{anchored}/**"), anchored] {
                set.add(GlobBuilder::new(&glob).literal_separator(true).build()?);
            }
        }
        Ok(Self { base: absolute(base), globs: set.build()? })
    }

    /// Whether a file matches. Files that are not below the base, and what is no file (`<stdin>`), match as they are named.
    pub fn matches(&self, path: &Path) -> bool {
        if self.globs.is_empty() {
            return false;
        }
        let absolute = absolute(path);
        self.globs.is_match(absolute.strip_prefix(&self.base).unwrap_or(path))
    }
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_match_as_in_gitignore() {
        for (glob, path, expected) in [
            ("vendor", "vendor/a.yaml", true),
            ("vendor/", "prod/vendor/x/a.yaml", true),
            ("*.gen.yaml", "prod/a.gen.yaml", true),
            ("prod/*.yaml", "prod/a.yaml", true),
            ("prod/*.yaml", "prod/shop/a.yaml", false),
            ("prod/*.yaml", "old/prod/a.yaml", false),
            ("prod/**", "prod/shop/a.yaml", true),
            ("./prod", "prod/a.yaml", true),
            ("/prod", "prod/a.yaml", true),
            ("/prod", "old/prod/a.yaml", false),
            ("prod", "production/a.yaml", false),
            ("*/templates/*", "shop/templates/a.yaml", true),
        ] {
            let globs = PathGlobs::new(Path::new("/repository"), &[glob.parse().unwrap()]).unwrap();
            assert_eq!(globs.matches(&Path::new("/repository").join(path)), expected, "{glob} {path}");
        }
    }
}
