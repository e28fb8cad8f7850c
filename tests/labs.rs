//! The labs in `testdata/proxy/`: each `lab.md` shows commands, what came back when they were run, and what has to come
//! back. Shares are held to five standard deviations. `UPDATE=1 cargo test --test labs` writes the outputs anew.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use serde_json::Value;

#[test]
fn labs_come_out_as_they_say() {
    let mut wrong = Vec::new();
    for file in lab_files() {
        let text = fs::read_to_string(&file).unwrap();
        let mut written = String::new();
        let mut rest = text.as_str();
        while let Some((before, block)) = rest.split_once("```console\n$ meshlint ") {
            let (command, after) = block.split_once('\n').unwrap();
            let (shown, after) = after.split_once("```").unwrap();
            let (_, expected) = after.split_once("```expected\n").expect("each command has an expectation");
            let expected = expected.split_once("```").unwrap().0;
            let of_command = |problem| format!("{}: meshlint {command}\n  {problem}", file.display());
            written += &format!("{before}```console\n$ meshlint {command}\n");
            if env::var_os("UPDATE").is_some() {
                written += &run(command, "text");
            } else {
                let found: Value = serde_json::from_str(&run(command, "json")).unwrap();
                wrong.extend(problems(&found, expected, shown).into_iter().map(of_command));
                written += shown;
            }
            written += "```";
            rest = after;
        }
        written += rest;
        if env::var_os("UPDATE").is_some() {
            fs::write(&file, &written).unwrap();
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn lab_files() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/proxy");
    let folders = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path().join("lab.md"));
    let mut files: Vec<_> = folders.filter(|file| file.is_file()).collect();
    files.sort();
    assert!(files.len() >= 12, "{files:?}");
    files
}

fn run(command: &str, format: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_meshlint"))
        .args(command.split_whitespace())
        .args(["--no-config", "--format", format])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("COLUMNS", "100")
        .output()
        .unwrap();
    assert!(output.status.success(), "meshlint {command}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What did not come back as expected, or as the page shows.
fn problems(found: &Value, expected: &str, shown: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let requests = found["requests"].as_u64().unwrap();
    let answers = answers(found);
    let mut expected_answers = Vec::new();
    for line in expected.lines() {
        let (what, amount) = line.rsplit_once(": ").unwrap_or_else(|| panic!("no expectation: {line}"));
        let mut check = |fits: bool, got: String| {
            if !fits {
                problems.push(format!("expected {line}, got {got}"));
            }
        };
        if what == "mean latency" {
            let mean = found["latencyMilliseconds"]["mean"].as_f64().unwrap();
            let (least, most) = amount.strip_suffix(" ms").and_then(|range| range.split_once(" to ")).unwrap();
            let range = least.parse::<f64>().unwrap()..most.parse().unwrap();
            check(range.contains(&mean), format!("{mean} ms"));
        } else if let Some(name) = what.strip_prefix("received ") {
            let count = found["received"][name].as_u64().unwrap_or_default();
            check(fits(amount, count, requests), count.to_string());
        } else if let (Some(status), "one") = (what.strip_suffix(" *"), amount) {
            let all: Vec<_> = answers.keys().filter(|key| key.starts_with(status)).cloned().collect();
            check(all.len() == 1 && answers[&all[0]] == requests, format!("{answers:?}"));
            expected_answers.extend(all);
        } else {
            let count = answers.get(what).copied().unwrap_or_default();
            check(fits(amount, count, requests), format!("{answers:?}"));
            expected_answers.push(what.to_owned());
        }
    }
    let others = answers.keys().filter(|key| !expected_answers.contains(key));
    problems.extend(others.map(|other| format!("nobody expected {other}: {}", answers[other])));
    if !expected.contains(": one") {
        let missing = answers.keys().filter(|key| !shows(shown, key));
        problems.extend(missing.map(|key| format!("the page does not show {key}: UPDATE=1 writes it anew")));
    }
    problems
}

/// Counts by `[URL ]STATUS[ WHO]`; the URL only where there are several.
fn answers(found: &Value) -> BTreeMap<String, u64> {
    let all = found["answers"].as_array().unwrap();
    let several = all.iter().any(|answer| answer["url"] != all[0]["url"]);
    let key = |answer: &Value| {
        let text = |key: &str| answer[key].as_str().map(str::to_owned);
        let parts = [text("url").filter(|_| several), text("status"), text("by")];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
    };
    all.iter().map(|answer| (key(answer), answer["count"].as_u64().unwrap())).collect()
}

/// `some`, a count, or a share of all as `90 %`.
fn fits(amount: &str, count: u64, requests: u64) -> bool {
    if amount == "some" {
        return count > 0;
    }
    let Some(percent) = amount.strip_suffix(" %") else { return amount.parse() == Ok(count) };
    let (share, all) = (percent.parse::<f64>().unwrap() / 100.0, requests as f64);
    let deviation = (all * share * (1.0 - share)).sqrt();
    (count as f64 - all * share).abs() <= 5.0 * deviation
}

/// Whether a line of the table has all words.
fn shows(shown: &str, key: &str) -> bool {
    shown.lines().any(|line| {
        let line: Vec<_> = line.split_whitespace().collect();
        key.split(' ').all(|word| line.contains(&word))
    })
}
