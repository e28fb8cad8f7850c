//! `check --fix`: every example on a rule's page that can be fixed is clean of the rule afterwards, keeps its comments and
//! does not change again.

use std::fs;
use std::process::{Command, Output};

use meshlint::rules;
use tempfile::TempDir;

fn meshlint(folder: &TempDir, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_meshlint"))
        .arg("check")
        .args(arguments)
        .current_dir(folder.path())
        .output()
        .unwrap()
}

/// The YAML blocks under `## Reported`.
fn examples(body: &str) -> Vec<&str> {
    let section = body.split("## Reported\n").nth(1).unwrap_or_default().split("\n## ").next().unwrap_or_default();
    section.split("```yaml\n").skip(1).map(|block| block.split("```").next().unwrap_or_default()).collect()
}

/// All comments but those for meshlint, which some fixes correct.
fn comments(text: &str) -> Vec<&str> {
    let comments = text.lines().filter_map(|line| line.split_once(" # ")).map(|(_, comment)| comment);
    comments.filter(|comment| !comment.starts_with("meshlint:")).collect()
}

/// How many findings of the rule can be fixed, and how many there are.
fn counts(folder: &TempDir, rule: &str) -> (usize, usize) {
    let output = meshlint(folder, &["--select", rule, "--format", "json", "."]);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let findings = report["findings"].as_array().unwrap();
    (findings.iter().filter(|finding| finding["fix"].is_object()).count(), findings.len())
}

#[test]
fn fixable_examples_are_clean_afterwards() {
    let mut fixed = 0;
    for page in rules::pages() {
        for example in examples(page.body) {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("example.yaml");
            fs::write(&file, example).unwrap();
            let (fixable, all) = counts(&folder, page.id);
            if fixable == 0 {
                continue;
            }
            meshlint(&folder, &["--select", page.id, "--fix", "."]);
            let after = fs::read_to_string(&file).unwrap();
            let title = format!("{}:\n{example}became\n{after}", page.id);
            assert_eq!(counts(&folder, page.id), (0, all - fixable), "{title}");
            assert_eq!(comments(&after), comments(example), "{title}");
            assert!(meshlint(&folder, &["--select", page.id, "--diff", "."]).stdout.is_empty(), "{title}");
            fixed += 1;
        }
    }
    assert!(fixed > 0, "no example can be fixed");
}

#[test]
fn diff_shows_what_fix_would_change() {
    let folder = tempfile::tempdir().unwrap();
    let text =
        "apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {name: a} # kept\nspec:\n  selectr: {a: b}\n";
    let file = folder.path().join("a.yaml");
    fs::write(&file, text).unwrap();
    let output = meshlint(&folder, &["--diff", "--select", "unknown-field", "a.yaml"]);
    assert_eq!(output.status.code(), Some(1));
    let diff = String::from_utf8(output.stdout).unwrap();
    assert!(diff.contains("-  selectr: {a: b}\n+  selector: {a: b}\n"), "{diff}");
    assert_eq!(fs::read_to_string(&file).unwrap(), text, "nothing is written");

    assert_eq!(meshlint(&folder, &["--fix", "--select", "unknown-field", "a.yaml"]).status.code(), Some(0));
    assert_eq!(fs::read_to_string(&file).unwrap(), text.replace("selectr", "selector"));
}
