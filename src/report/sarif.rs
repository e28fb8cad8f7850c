use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;

use crate::finding::{self, Severity};
use crate::lint::{Reported, Run, fingerprints};
use crate::rules::Page;
use crate::source::{Sources, Span};

use super::place::Place;
use super::{Options, write_json};

/// The static analysis results interchange format, version 2.1.0 (OASIS standard), as far as meshlint has what it
/// can hold. Names of fields and their order are the standard's.
#[derive(Serialize)]
struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [LogRun<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LogRun<'a> {
    tool: Tool<'a>,
    invocations: [Invocation<'a>; 1],
    column_kind: &'static str,
    results: Vec<LogResult<'a>>,
}

#[derive(Serialize)]
struct Tool<'a> {
    driver: Driver<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver<'a> {
    name: &'static str,
    semantic_version: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    information_uri: &'static str,
    rules: Vec<Rule<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule<'a> {
    id: &'a str,
    short_description: Text<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help_uri: Option<String>,
    help: Help<'a>,
    default_configuration: Configuration,
    properties: Properties<'a>,
}

#[derive(Serialize)]
struct Text<'a> {
    text: &'a str,
}

#[derive(Serialize)]
struct Help<'a> {
    text: &'a str,
    markdown: &'a str,
}

#[derive(Serialize)]
struct Configuration {
    level: &'static str,
}

/// What GitHub shows and filters by.
#[derive(Serialize)]
struct Properties<'a> {
    tags: Vec<&'a str>,
    #[serde(rename = "problem.severity")]
    severity: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation<'a> {
    execution_successful: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_execution_notifications: Vec<Notification<'a>>,
}

#[derive(Serialize)]
struct Notification<'a> {
    level: &'static str,
    message: Text<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LogResult<'a> {
    rule_id: &'a str,
    rule_index: usize,
    level: &'static str,
    message: OwnedText,
    locations: [Location<'a>; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<Location<'a>>,
    partial_fingerprints: Fingerprints,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fixes: Vec<Fix<'a>>,
}

#[derive(Serialize)]
struct OwnedText {
    text: String,
}

#[derive(Serialize)]
struct Fingerprints {
    #[serde(rename = "meshlint/v1")]
    meshlint: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<usize>,
    physical_location: PhysicalLocation,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    logical_locations: Vec<LogicalLocation<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Text<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: Artifact,
    region: Region,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LogicalLocation<'a> {
    name: &'a str,
    fully_qualified_name: String,
    kind: &'static str,
}

#[derive(Serialize)]
struct Artifact {
    uri: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: usize,
    start_column: usize,
    end_line: usize,
    end_column: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Fix<'a> {
    description: Text<'a>,
    artifact_changes: Vec<Change<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Change<'a> {
    artifact_location: Artifact,
    replacements: Vec<Replacement<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Replacement<'a> {
    deleted_region: Region,
    inserted_content: Text<'a>,
}

pub(super) fn write(run: &Run<'_>, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let pages = run.findings.iter().map(|reported| (reported.rule.id, reported.rule)).collect::<BTreeMap<_, _>>();
    let index_of = |id: &str| pages.keys().position(|key| *key == id).unwrap_or_default();
    let fingerprints = fingerprints(&run.findings, run.sources, &options.root);
    let mut results = Vec::with_capacity(run.findings.len());
    for (reported, fingerprint) in run.findings.iter().zip(fingerprints) {
        results.push(result(reported, index_of(reported.rule.id), fingerprint, run.sources, &options.root));
    }
    let log = Log {
        schema: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        version: "2.1.0",
        runs: [LogRun {
            tool: Tool {
                driver: Driver {
                    name: env!("CARGO_PKG_NAME"),
                    semantic_version: env!("CARGO_PKG_VERSION"),
                    information_uri: env!("CARGO_PKG_REPOSITORY"),
                    rules: pages.values().map(|page| rule(page)).collect(),
                },
            },
            invocations: [invocation(run)],
            column_kind: "unicodeCodePoints",
            results,
        }],
    };
    write_json(&log, out)
}

fn invocation<'a>(run: &'a Run<'_>) -> Invocation<'a> {
    let notification = |note: &'a String| Notification { level: "note", message: Text { text: note } };
    Invocation {
        execution_successful: true,
        tool_execution_notifications: run.notes.iter().map(notification).collect(),
    }
}

fn rule(page: &Page) -> Rule<'_> {
    Rule {
        id: page.id,
        short_description: Text { text: &page.summary },
        help_uri: page.url(),
        help: Help { text: page.body, markdown: page.body },
        default_configuration: Configuration { level: level(page.severity) },
        properties: Properties {
            tags: std::iter::once(page.category.as_str()).chain(page.other_names()).collect(),
            severity: match page.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
                Severity::Info => "recommendation",
            },
        },
    }
}

fn result<'a>(
    Reported { finding, severity, rule }: &'a Reported,
    rule_index: usize,
    fingerprint: String,
    sources: &Sources,
    root: &Path,
) -> LogResult<'a> {
    let help = finding.help.as_ref().map(|help| format!("\nhelp: {help}")).unwrap_or_default();
    let label = (!finding.label.is_empty()).then_some(Text { text: &finding.label });
    let related = finding.related.iter().enumerate().map(|(index, related)| Location {
        id: Some(index),
        message: (!related.text.is_empty()).then_some(Text { text: &related.text }),
        logical_locations: Vec::new(),
        physical_location: physical(related.at, sources, root),
    });
    LogResult {
        rule_id: rule.id,
        rule_index,
        level: level(*severity),
        message: OwnedText { text: format!("{}{help}", finding.message) },
        locations: [Location {
            id: None,
            message: label,
            logical_locations: finding.resource.as_deref().map(logical).into_iter().collect(),
            physical_location: physical(finding.at, sources, root),
        }],
        related_locations: related.collect(),
        partial_fingerprints: Fingerprints { meshlint: fingerprint },
        fixes: finding.fix.as_deref().into_iter().map(|given| fix(given, sources, root)).collect(),
    }
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

fn logical(resource: &finding::ResourceRef) -> LogicalLocation<'_> {
    LogicalLocation { name: &resource.name, fully_qualified_name: resource.to_string(), kind: "resource" }
}

fn physical(at: Span, sources: &Sources, root: &Path) -> PhysicalLocation {
    let place = Place::of(at, sources);
    PhysicalLocation { artifact_location: Artifact { uri: uri(&place.path(root)) }, region: region(&place) }
}

fn region(place: &Place<'_>) -> Region {
    let Place { line: start_line, column: start_column, end_line, end_column, .. } = *place;
    Region { start_line, start_column, end_line, end_column }
}

fn fix<'a>(fix: &'a finding::Fix, sources: &Sources, root: &Path) -> Fix<'a> {
    let mut changes = BTreeMap::<String, Vec<Replacement<'a>>>::new();
    for edit in &fix.edits {
        let place = Place::of(edit.at, sources);
        let replacement = Replacement { deleted_region: region(&place), inserted_content: Text { text: &edit.text } };
        changes.entry(uri(&place.path(root))).or_default().push(replacement);
    }
    let change = |(uri, replacements)| Change { artifact_location: Artifact { uri }, replacements };
    Fix { description: Text { text: &fix.message }, artifact_changes: changes.into_iter().map(change).collect() }
}

/// A path as a URI reference (RFC 3986): relative paths stay relative, absolute ones get the scheme `file`.
fn uri(path: &str) -> String {
    let mut uri = String::new();
    if path.starts_with('/') {
        uri.push_str("file://");
    } else if path.as_bytes().get(1) == Some(&b':') {
        uri.push_str("file:///");
    }
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => uri.push(char::from(byte)),
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_uris() {
        for (path, expected) in [
            ("prod/virtual-service.yaml", "prod/virtual-service.yaml"),
            ("my mesh/ação#1.yaml", "my%20mesh/a%C3%A7%C3%A3o%231.yaml"),
            ("<stdin>", "%3Cstdin%3E"),
            ("/etc/a.yaml", "file:///etc/a.yaml"),
            ("C:/a.yaml", "file:///C%3A/a.yaml"),
        ] {
            assert_eq!(uri(path), expected);
        }
    }
}
