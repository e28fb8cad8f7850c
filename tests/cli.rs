//! What the commands print and how they end.

use std::process::{Command, Output};

fn meshlint(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_meshlint")).args(arguments).output().unwrap()
}

fn stdout(arguments: &[&str]) -> String {
    let output = meshlint(arguments);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The words of a run that could not be: they are all on standard error.
fn refused(arguments: &[&str]) -> String {
    let output = meshlint(arguments);
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(2), &[][..]), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn explain_prints_the_page_of_a_rule() {
    let page = stdout(&["explain", "duplicate-key"]);
    assert!(page.starts_with("# duplicate-key\n\nerror in category schema: "), "{page}");
    assert!(page.contains("\n```yaml\n"), "{page}");
    assert_eq!(stdout(&["explain", "Duplicate-Key"]), page);
}

#[test]
fn explain_renders_the_page_where_colors_are_wanted() {
    let page = stdout(&["explain", "duplicate-key", "--color", "always"]);
    assert!(page.contains("\x1b[") && !page.contains("```"), "{page}");
}

#[test]
fn explain_suggests_near_names() {
    assert_eq!(
        refused(&["explain", "duplicate-keys"]),
        "error: no rule `duplicate-keys`, did you mean `duplicate-key`?\n"
    );
    assert_eq!(refused(&["explain", "weather"]), "error: no rule `weather`; `meshlint rules` lists them\n");
}

#[test]
fn rules_lists_every_rule_once() {
    let expected = meshlint::rules::pages().map(|page| page.id).collect::<Vec<_>>();
    let table = stdout(&["rules"]);
    let rows = table.lines().skip(1).filter_map(|line| line.split_whitespace().next());
    assert_eq!(rows.collect::<Vec<_>>(), expected);

    let json = serde_json::from_str::<serde_json::Value>(&stdout(&["rules", "--format", "json"])).unwrap();
    let names = json.as_array().unwrap().iter().filter_map(|rule| rule["rule"].as_str());
    assert_eq!(names.collect::<Vec<_>>(), expected);
}

#[test]
fn schema_prints_the_file_of_a_kind() {
    let file = std::fs::read_to_string("schemas/networking.istio.io/Gateway.json").unwrap();
    assert_eq!(stdout(&["schema", "gateway"]), file);
    assert_eq!(stdout(&["schema", "networking.istio.io/Gateway"]), file);
    assert_ne!(stdout(&["schema", "gateway.networking.k8s.io/Gateway"]), file);
    assert_eq!(stdout(&["schema", "report"]), meshlint::report::SCHEMA);
    for name in stdout(&["schema"]).lines() {
        assert!(stdout(&["schema", name]).starts_with('{'), "{name}");
    }
}

#[test]
fn schema_suggests_near_kinds() {
    assert_eq!(
        refused(&["schema", "VirtualServise"]),
        "error: no schema of `VirtualServise`, did you mean `VirtualService`?\n"
    );
    assert_eq!(refused(&["schema", "Weather"]), "error: no schema of `Weather`; `meshlint schema` lists them\n");
}

#[test]
fn man_knows_the_commands() {
    assert!(stdout(&["man", "explain"]).contains("meshlint\\-explain"));
    assert_eq!(refused(&["man", "explian"]), "error: no command `explian`, did you mean `explain`?\n");
}

#[test]
fn bad_arguments_are_refused() {
    for arguments in [&["frobnicate"][..], &[], &["rules", "--format", "xml"]] {
        assert!(!refused(arguments).is_empty(), "{arguments:?}");
    }
}
