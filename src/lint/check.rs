use std::path::PathBuf;
use std::time::Duration;

use rustc_hash::FxHashSet;

use crate::finding::{Finding, Severity};
use crate::mesh;
use crate::rules::{self, Page};
use crate::schema;
use crate::source::{SourceId, Sources, Span, relative};

use super::baseline::{Baseline, Entry};
use super::levels::{Levels, Scope};
use super::pipeline::{self, Analysis, analyze};
use super::usage::Usage;

/// What the user says about a run. The default is that of `meshlint check` without flags.
#[derive(Clone, Debug, Default)]
pub struct Config {
    pub levels: Levels,
    pub mesh: mesh::Options,
    pub fields: schema::Options,
    /// The source, among the others, that holds the MeshConfig; without it, that is looked for in the resources.
    pub mesh_config: Option<SourceId>,
    pub baseline: Baseline,
    /// The folder that fingerprints name files from.
    pub root: PathBuf,
}

/// What a run of the linter came to.
#[derive(Debug)]
pub struct Run<'a> {
    pub sources: &'a Sources,
    /// In the order in which they are shown.
    pub findings: Vec<Reported>,
    /// How many resources were read.
    pub resources: usize,
    /// How many files were read.
    pub files: usize,
    /// Shown in the summary of the format `text` only.
    pub elapsed: Duration,
    /// What the reader should know about the run itself: files that were skipped, kinds that are not known.
    pub notes: Vec<String>,
    /// How many findings comments, annotations and the baseline silenced.
    pub suppressed: usize,
    /// Findings of the baseline that this run would have found, but are no more.
    pub gone: Vec<Entry>,
}

/// A finding, with the severity that is in force and the page of its rule.
#[derive(Debug)]
pub struct Reported {
    pub finding: Finding,
    pub severity: Severity,
    pub rule: &'static Page,
}

impl Run<'_> {
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|reported| reported.severity == severity).count()
    }

    /// The severity of the worst finding.
    pub fn worst(&self) -> Option<Severity> {
        self.findings.iter().map(|reported| reported.severity).max()
    }
}

/// Reads all sources as one mesh and gives it to `ask`, without the objects that istiod's webhook and the API server would
/// refuse, and with the reasons why.
pub fn with_admitted<R>(
    sources: &Sources,
    config: &Config,
    ask: impl FnOnce(&mesh::Mesh<'_>, Vec<Reported>) -> R,
) -> R {
    pipeline::with_admitted(sources, config, |mesh, findings| {
        let reasons = sorted(findings).into_iter().filter_map(|finding| judge(finding, sources, config));
        ask(mesh, reasons.collect())
    })
}

/// Checks all sources as one mesh.
pub fn check<'a>(sources: &'a Sources, config: &Config) -> Run<'a> {
    let Analysis { findings, resources, ignores } = analyze(sources, config);
    let judged = |findings: Vec<Finding>| -> Vec<Reported> {
        let concerning = findings.into_iter().filter(|finding| concerns_checked(finding, sources));
        concerning.filter_map(|finding| judge(finding, sources, config)).collect()
    };
    let mut findings = judged(sorted(findings));
    let found = findings.len();

    let mut usage = Usage::new(&ignores);
    findings.retain(|reported| !usage.silences(&reported.finding, sources));
    let silenced = found - findings.len();
    let remarks = judged(usage.remarks(sources, &config.levels));
    findings.extend(remarks.into_iter().filter(|remark| !usage.silences_remark(&remark.finding, sources)));
    findings.sort_by(|left, right| order(&left.finding).cmp(&order(&right.finding)));

    let (known, gone) = config.baseline.filter(&mut findings, sources, &config.root);
    Run {
        sources,
        findings,
        resources,
        files: sources.iter().len(),
        elapsed: Duration::ZERO,
        notes: Vec::new(),
        suppressed: silenced + known,
        gone: would_be_found(gone, sources, config),
    }
}

/// Files in their order, then from top to bottom. One problem that two ways lead to is one finding.
fn sorted(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.sort_by(|left, right| order(left).cmp(&order(right)));
    findings.dedup_by(|right, left| order(left) == order(right));
    findings
}

fn order(finding: &Finding) -> (Span, &str, &str) {
    (finding.at, finding.rule, &finding.message)
}

/// Those of the known findings that this run would have found: it has asked their rules, and checked their files.
fn would_be_found(mut entries: Vec<Entry>, sources: &Sources, config: &Config) -> Vec<Entry> {
    if !entries.is_empty() {
        let checked = sources.iter().filter(|(_, source)| !source.is_context());
        let names = checked.flat_map(|(_, source)| source.names().map(|name| relative(name, &config.root)));
        let files: FxHashSet<_> = names.collect();
        let is_asked = |rule: &str| rules::find(rule).is_none_or(|rule| config.levels.want(rule));
        entries.retain(|entry| is_asked(&entry.rule) && files.contains(&entry.file));
    }
    entries
}

fn judge(finding: Finding, sources: &Sources, config: &Config) -> Option<Reported> {
    let rule = rules::find(finding.rule);
    debug_assert!(rule.is_some(), "no rule `{}` in the catalog", finding.rule);
    let rule = rule?;
    let namespace = finding.resource.as_ref().map_or("", |resource| &resource.namespace);
    let scope = Scope { file: sources.name(finding.at), namespace };
    let severity = config.levels.severity(rule, finding.severity, scope)?;
    Some(Reported { finding, severity, rule: rule.page() })
}

/// Whether a finding is in a file that is checked, or has to do with one. Files that are only context may break because of
/// one that is checked.
fn concerns_checked(finding: &Finding, sources: &Sources) -> bool {
    let places = std::iter::once(finding.at).chain(finding.related.iter().map(|label| label.at));
    places.into_iter().any(|at| !sources.get(at.source).is_context())
}
