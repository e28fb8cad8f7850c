use std::io::{self, Write};

use serde::Serialize;

use crate::finding::{Edit, Label, ResourceRef, Severity};
use crate::lint::{Reported, Run};
use crate::source::{Sources, Span};

use super::place::Place;
use super::write_json;

/// Raised when a reader of an older report could misread a newer one. `schemas/report.json` describes the fields.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Report<'a> {
    version: u32,
    findings: Vec<Item<'a>>,
    notes: &'a [String],
    summary: Summary,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Item<'a> {
    rule: &'a str,
    severity: &'a str,
    category: &'a str,
    aliases: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<Resource<'a>>,
    #[serde(flatten)]
    range: Range<'a>,
    message: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    label: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'a str>,
    labels: Vec<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<Fix<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Resource<'a> {
    api_version: &'a str,
    kind: &'a str,
    namespace: &'a str,
    name: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Range<'a> {
    file: &'a str,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
}

#[derive(Serialize)]
struct Fix<'a> {
    message: &'a str,
    edits: Vec<Text<'a>>,
}

#[derive(Serialize)]
struct Text<'a> {
    #[serde(flatten)]
    range: Range<'a>,
    text: &'a str,
}

#[derive(Serialize)]
struct Summary {
    errors: usize,
    warnings: usize,
    infos: usize,
    suppressed: usize,
    resources: usize,
    files: usize,
}

/// Everything that is known about the findings, as JSON.
pub(super) fn write(run: &Run<'_>, out: &mut dyn Write) -> io::Result<()> {
    let report = Report {
        version: VERSION,
        findings: run.findings.iter().map(|reported| item(reported, run.sources)).collect(),
        notes: &run.notes,
        summary: Summary {
            errors: run.count(Severity::Error),
            warnings: run.count(Severity::Warning),
            infos: run.count(Severity::Info),
            suppressed: run.suppressed,
            resources: run.resources,
            files: run.files,
        },
    };
    write_json(&report, out)
}

fn item<'a>(Reported { finding, severity, rule }: &'a Reported, sources: &'a Sources) -> Item<'a> {
    let label = |Label { at, text }: &'a Label| Text { range: range(*at, sources), text };
    let edit = |Edit { at, text }: &'a Edit| Text { range: range(*at, sources), text };
    Item {
        rule: rule.id,
        severity: severity.name(),
        category: &rule.category,
        aliases: rule.other_names().collect(),
        resource: finding.resource.as_deref().map(resource),
        range: range(finding.at, sources),
        message: &finding.message,
        label: &finding.label,
        help: finding.help.as_deref(),
        labels: finding.related.iter().map(label).collect(),
        fix: finding.fix.as_ref().map(|fix| Fix { message: &fix.message, edits: fix.edits.iter().map(edit).collect() }),
        url: rule.url(),
    }
}

fn resource(resource: &ResourceRef) -> Resource<'_> {
    let ResourceRef { api_version, kind, namespace, name } = resource;
    Resource { api_version, kind, namespace, name }
}

fn range(at: Span, sources: &Sources) -> Range<'_> {
    let Place { file, line, column, end_line, end_column } = Place::of(at, sources);
    Range { file, line, column, end_line, end_column }
}
