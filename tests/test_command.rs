//! `meshlint test` over the files in `testdata/test/`.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

fn test(arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_meshlint"))
        .args(["test", "--no-config"])
        .args(arguments)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/test"))
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stderr) + &text(output.stdout))
}

fn assert_snapshot(name: &str, text: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/test");
    insta::with_settings!({ snapshot_path => folder, prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!(name, text);
    });
}

#[test]
fn each_format_is_run() {
    let table = [
        ("shop", ["shop/tests.yaml", "shop/mesh.yaml"]),
        ("tcp", ["shop/tcp.yaml", "shop/mesh.yaml"]),
        ("gateway", ["gateway/tests.yaml", "gateway/mesh.yaml"]),
        ("validator", ["validator/tests.yaml", "validator/routes.yaml"]),
        ("router-check", ["router-check/tests.yaml", "validator/routes.yaml"]),
    ];
    for (name, [tests, mesh]) in table {
        let (code, text) = test(&[tests, "--coverage", "--", mesh]);
        assert_eq!(code, Some(0), "{text}");
        assert_snapshot(name, &text);
    }
}

#[test]
fn proxies_that_run_do_the_same() {
    let table = [
        ["shop/tests.yaml", "shop/mesh.yaml"],
        ["shop/tcp.yaml", "shop/mesh.yaml"],
        ["validator/tests.yaml", "validator/routes.yaml"],
        ["router-check/tests.yaml", "validator/routes.yaml"],
    ];
    for [tests, mesh] in table {
        let (code, text) = test(&[tests, "--live", "--", mesh]);
        assert_eq!(code, Some(0), "{text}");
    }
}

#[test]
fn a_case_that_fails_shows_its_trace() {
    let (code, text) = test(&["shop/failing.yaml", "--", "shop/mesh.yaml"]);
    assert_eq!(code, Some(1), "{text}");
    assert_snapshot("failing", &text);
}

#[test]
fn what_istio_drops_is_told() {
    let (code, text) = test(&["validator/conflict-tests.yaml", "--", "validator/conflict.yaml"]);
    assert_eq!(code, Some(1), "{text}");
    assert_snapshot("conflict", &text);
}

#[test]
fn mistakes_are_told_with_their_places() {
    let (code, text) = test(&["mistakes.yaml", "--", "shop/mesh.yaml"]);
    assert_eq!(code, Some(2));
    assert_snapshot("mistakes", &text);
}

#[test]
fn coverage_may_be_demanded() {
    let run = |percent: &str| {
        test(&["shop/tests.yaml", "--only", "nobody deletes", "--fail-under", percent, "--", "shop/mesh.yaml"])
    };
    assert_eq!(run("5").0, Some(0), "{}", run("5").1);
    let (code, text) = run("90");
    assert_eq!(code, Some(1));
    assert!(text.contains("less than 90%") && text.contains("1 passed, 0 failed"), "{text}");
    assert_eq!(test(&["shop/tests.yaml", "--only", "no such test", "--", "shop/mesh.yaml"]).0, Some(2));
}

#[test]
fn machines_are_told_the_same() {
    let (code, text) = test(&["shop/failing.yaml", "--format", "json", "--", "shop/mesh.yaml"]);
    assert_eq!(code, Some(1));
    let report: Value = serde_json::from_str(&text).unwrap();
    let case = &report["cases"][0];
    assert_eq!((report["failed"].as_u64(), case["passed"].as_bool()), (Some(2), Some(false)));
    assert_eq!(case["failures"][1]["found"], "`/7`");
    assert_eq!(case["trace"]["hops"][0]["proxy"], "shop/client");
    assert_eq!(report["coverage"]["routes"]["reached"], 1);

    let (code, text) = test(&["shop/failing.yaml", "--format", "junit", "--", "shop/mesh.yaml"]);
    assert_eq!(code, Some(1));
    assert!(text.contains(r#"<testsuite name="shop/failing.yaml" tests="2" failures="2" errors="0">"#), "{text}");
    assert!(text.contains("no workload `shop/cleint`: did you mean `shop/client`?"), "{text}");
}

#[test]
fn our_format_has_a_schema() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| std::fs::read_to_string(root.join(path)).unwrap();
    let schema: Value = serde_json::from_str(&read("schemas/test.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let value = |path: &str| {
        let text = read(path);
        let (tree, _) = meshlint::yaml::parse(meshlint::source::SourceId::default(), &text);
        meshlint::envoy::value_of(tree.roots().next().unwrap())
    };
    for path in
        ["shop/tests.yaml", "shop/failing.yaml", "gateway/tests.yaml"].map(|file| format!("testdata/test/{file}"))
    {
        assert!(validator.is_valid(&value(&path)), "{path}");
    }
    assert!(!validator.is_valid(&value("testdata/test/mistakes.yaml")));
}
