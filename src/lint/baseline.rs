use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::source::{Sources, relative};

use super::check::Reported;
use super::fingerprint::fingerprints;

/// Raised when an older meshlint could misread a newer baseline.
const VERSION: u32 = 1;

/// Findings that are known and not to be reported: a debt that is paid back later.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Baseline(BTreeMap<String, Entry>);

/// A known finding. What it says is for people; only the fingerprint is compared.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Entry {
    pub file: String,
    pub rule: String,
    pub message: String,
    fingerprint: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: u32,
    findings: Vec<Entry>,
}

impl Baseline {
    /// Reads what [`Baseline::to_json`] wrote.
    pub fn parse(text: &str) -> Result<Self, String> {
        let document: Document = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if document.version != VERSION {
            return Err(format!("version {} is not known, only {VERSION}", document.version));
        }
        Ok(Self::new(document.findings))
    }

    /// The baseline that has all `findings`.
    pub fn of(findings: &[Reported], sources: &Sources, root: &Path) -> Self {
        let fingerprints = fingerprints(findings, sources, root);
        Self::new(findings.iter().zip(fingerprints).map(|(Reported { finding, .. }, fingerprint)| Entry {
            file: relative(sources.locate(finding.at).file, root),
            rule: finding.rule.to_owned(),
            message: finding.message.clone(),
            fingerprint,
        }))
    }

    fn new(entries: impl IntoIterator<Item = Entry>) -> Self {
        Self(entries.into_iter().map(|entry| (entry.fingerprint.clone(), entry)).collect())
    }

    /// JSON, sorted by file, rule and message, so that versions of it can be compared.
    pub fn to_json(&self) -> String {
        let findings: BTreeSet<_> = self.0.values().cloned().collect();
        let document = Document { version: VERSION, findings: findings.into_iter().collect() };
        serde_json::to_string_pretty(&document).expect("strings and numbers can be written") + "\n"
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes the known ones out of `findings`, and returns how many that were and which of the known ones are no more.
    pub(super) fn filter(&self, findings: &mut Vec<Reported>, sources: &Sources, root: &Path) -> (usize, Vec<Entry>) {
        if self.is_empty() {
            return (0, Vec::new());
        }
        let fingerprints = fingerprints(findings, sources, root);
        let mut known = fingerprints.iter().map(|fingerprint| self.0.contains_key(fingerprint));
        let before = findings.len();
        findings.retain(|_| !known.next().unwrap_or_default());
        let present: BTreeSet<_> = fingerprints.into_iter().collect();
        let gone = self.0.values().filter(|entry| !present.contains(&entry.fingerprint)).cloned().collect();
        (before - findings.len(), gone)
    }
}
