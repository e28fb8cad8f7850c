//! The schemas against labelled documents: what the API server rejects has a finding, what istiod and it accept has none.

use std::path::Path;

use meshlint::finding::Finding;
use meshlint::schema::{self, Options};
use meshlint::source::SourceId;
use meshlint::yaml;
use serde_json::Value;

#[test]
fn schemas_agree_with_the_api_server() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/oracle-lint/fields.jsonl");
    let Ok(cases) = std::fs::read_to_string(&path) else {
        return eprintln!("skipped: there is no {}", path.display());
    };
    let (mut judged, mut missed, mut wrong) = (0, Vec::new(), Vec::new());
    for line in cases.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let findings = findings(case["yaml"].as_str().unwrap());
        let about = || format!("{} {} {}", case["id"], case["mutation"], case["messages"]);
        match (case["crd"].as_str().unwrap(), case["verdict"].as_str().unwrap()) {
            ("error", _) if findings.is_empty() => missed.push(about()),
            (_, "ok" | "warning") if !findings.is_empty() => {
                wrong.push(format!("{} {:?}", about(), findings[0].message))
            }
            _ => {}
        }
        judged += usize::from(case["crd"] == "error" || case["verdict"] != "error");
    }
    let agreement = 1.0 - (missed.len() + wrong.len()) as f64 / judged as f64;
    println!("agreement {agreement:.4} of {judged}; missed {}, wrong {}", missed.len(), wrong.len());
    println!("missed:\n{}\nwrong:\n{}", missed.join("\n"), wrong.join("\n"));
    assert!(agreement > 0.99);
}

fn findings(text: &str) -> Vec<Finding> {
    let (tree, mut findings) = yaml::parse(SourceId::default(), text);
    findings.extend(tree.roots().flat_map(|root| schema::check(root, &Options::default())));
    findings
}
