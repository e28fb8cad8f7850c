//! Every YAML example on the page of a rule is a test: the findings of that rule, and only they, stand where a comment
//! `# error: part of the message` (or `warning`, `info`) says so.

use std::time::{Duration, SystemTime};

use meshlint::finding::Severity;
use meshlint::lint::{self, Config, Level, Levels, Reported};
use meshlint::mesh;
use meshlint::rules::{self, Rule};
use meshlint::source::{Source, Sources};

/// A finding, or the mark of one: line, severity, text.
type Line = (usize, Severity, String);

#[test]
fn examples_are_reported_as_marked() {
    let failures: Vec<_> = rules::all().flat_map(failures).collect();
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), failures.join("\n"));
}

fn failures(rule: &Rule) -> Vec<String> {
    let reported = examples(rule.page().body, "## Reported");
    let silent = examples(rule.page().body, "## Not reported");
    let mut failures = Vec::new();
    if reported.is_empty() || silent.is_empty() {
        failures.push(format!("rules/{}.md: needs an example that is reported and one that is not", rule.id));
    }
    for example in &reported {
        if marks(example).is_empty() {
            failures.push(format!("rules/{}.md: an example under `Reported` has no mark", rule.id));
        }
    }
    for example in reported.iter().chain(&silent) {
        failures.extend(difference(rule, example));
    }
    failures
}

/// The YAML blocks of a section.
fn examples(body: &str, heading: &str) -> Vec<String> {
    let Some((_, rest)) = body.split_once(&format!("{heading}\n")) else { return Vec::new() };
    let section = rest.split("\n## ").next().unwrap_or_default();
    let blocks = section.split("```yaml\n").skip(1);
    blocks.map(|block| block.split("\n```").next().unwrap_or_default().to_owned() + "\n").collect()
}

fn marks(example: &str) -> Vec<Line> {
    let lines = example.lines().zip(1..);
    lines
        .flat_map(|(line, number)| {
            Severity::ALL.into_iter().flat_map(move |severity| {
                let parts = line.split(&format!("# {severity}:")).skip(1).map(str::trim).collect::<Vec<_>>();
                parts.into_iter().map(move |text| (number, severity, text.to_owned())).collect::<Vec<_>>()
            })
        })
        .collect()
}

/// Certificates are judged on the first day of 2027. All rules are asked, since some are about what the others find, and
/// `rule` even if it is optional.
fn config(rule: &Rule) -> Config {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1798761600);
    let named = rule.is_optional().then(|| (rule.id.parse().unwrap(), Level::Info));
    let levels = Levels::new(&[], &[], named, Vec::new());
    Config { mesh: mesh::Options { now, ..mesh::Options::default() }, levels, ..Config::default() }
}

fn difference(rule: &Rule, example: &str) -> Option<String> {
    let mut sources = Sources::default();
    sources.add(Source::new("example.yaml", example));
    let run = lint::check(&sources, &config(rule));
    let of_rule = run.findings.iter().filter(|reported| reported.rule.id == rule.id);
    let line = |Reported { finding, severity, .. }: &Reported| {
        (sources.locate(finding.at).line, *severity, finding.message.clone())
    };
    let mut found: Vec<Line> = of_rule.map(line).collect();
    found.sort();
    let mut expected = marks(example);
    expected.sort();
    let same = |((line, severity, message), (at, wanted, text)): (&Line, &Line)| {
        line == at && severity == wanted && message.contains(text.as_str())
    };
    let equal = found.len() == expected.len() && found.iter().zip(&expected).all(same);
    (!equal).then(|| format!("rules/{}.md:\n{example}  marked {expected:?}\n  found  {found:?}", rule.id))
}
