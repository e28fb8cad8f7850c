//! How Kubernetes reads YAML, judged by sigs.k8s.io/yaml: `testdata/yaml/quirks.json` of our own, and
//! `../shared/oracle-yaml/quirks.json` where it is present.

use std::path::Path;

use meshlint::source::SourceId;
use meshlint::yaml;
use serde_json::Value;

/// One snippet as it is read: JSON or `ERR` for each document, and whether a strict reader refuses it.
struct Reading {
    documents: Vec<Result<Value, String>>,
    strict: bool,
    lost: bool,
}

fn read(text: &str) -> Reading {
    let (tree, findings) = yaml::parse(SourceId::default(), text);
    let mut errors = findings.iter().filter(|finding| finding.rule == "yaml-syntax");
    let lost = tree.documents().iter().any(|document| document.lost);
    let documents = tree.documents().iter().filter(|document| !document.lost);
    let documents = documents.map(|document| match tree.root(document) {
        Some(root) => {
            let mut json = Vec::new();
            yaml::write_json(root, &mut json).expect("memory takes all");
            Ok(serde_json::from_slice(&json).expect("valid JSON"))
        }
        None if document.broken => Err(errors.next().map_or_else(String::new, |finding| finding.message.clone())),
        None => Ok(Value::Null),
    });
    let documents = documents.collect();
    let strict = !tree.overrides().is_empty() || findings.iter().any(|finding| finding.rule == "duplicate-key");
    Reading { documents, strict, lost }
}

/// Numbers are equal if they are the same number, however written.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one == other || one.as_f64() == other.as_f64(),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(key, value)| other.get(key).is_some_and(|other| same(value, other)))
        }
        _ => one == other,
    }
}

fn wrong_values(judge: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    for case in judge["values"].as_array().expect("a list of values") {
        let text = case["yaml"].as_str().expect("a snippet");
        let reading = read(text);
        let null = Ok(Value::Null);
        let first = reading.documents.first().unwrap_or(&null);
        let agrees = match (first, case.get("error")) {
            (Ok(value), None) => same(value, &case["reads"]),
            (Err(_), Some(_)) => true,
            _ => false,
        };
        let strict_agrees = first.is_err() || reading.strict == case.get("strict_error").is_some();
        if !agrees || !strict_agrees {
            wrong.push(format!("{text:?}: {first:?}, strict {}; judge: {case}", reading.strict));
        }
    }
    wrong
}

fn wrong_documents(judge: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    for case in judge["documents"].as_array().expect("a list of streams") {
        let text = case["yaml"].as_str().expect("a stream");
        let mut expected: Vec<&str> = case["reader_output"].as_str().expect("its documents").split(" || ").collect();
        let reading = read(text);
        // A refused separator ends the reading.
        let ends = expected.last().is_some_and(|last| last.starts_with("ERR invalid Yaml document separator"));
        if ends {
            expected.pop();
        }
        let agrees = reading.documents.len() == expected.len()
            && reading.lost == ends
            && reading.documents.iter().zip(&expected).all(|(document, expected)| match document {
                Ok(value) => serde_json::from_str(expected).is_ok_and(|expected| same(value, &expected)),
                Err(_) => expected.starts_with("ERR"),
            });
        if !agrees {
            wrong.push(format!("{text:?}: {:?}; judge: {expected:?}", reading.documents));
        }
    }
    wrong
}

fn check(path: &Path) {
    let text = std::fs::read_to_string(path).expect("a readable file");
    let judge: Value = serde_json::from_str(&text).expect("a file of JSON");
    let wrong = [wrong_values(&judge), wrong_documents(&judge)].concat();
    assert!(wrong.is_empty(), "{} read differently:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn kubernetes_reads_our_snippets_alike() {
    check(&Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/yaml/quirks.json"));
}

#[test]
fn kubernetes_reads_the_shared_snippets_alike() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/oracle-yaml/quirks.json");
    match path.exists() {
        true => check(&path),
        false => eprintln!("skipped: no ../shared"),
    }
}
