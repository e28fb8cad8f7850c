//! What `meshlint trace` says of the labs in `testdata/trace/`. A lab is one file; a line `# $ …` in it is what is asked.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

fn trace(arguments: &[String]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_meshlint"))
        .arg("trace")
        .args(arguments)
        .arg("--no-config")
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/trace"))
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// Words are separated by blanks, unless these are between single quotes.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for letter in line.chars() {
        match letter {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            _ => words.last_mut().unwrap().push(letter),
        }
    }
    words
}

#[test]
fn labs_are_traced() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/trace");
    let mut labs: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    labs.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    labs.sort();
    assert!(!labs.is_empty());
    insta::with_settings!({ snapshot_path => &folder, prepend_module_to_snapshot => false, omit_expression => true }, {
        for lab in labs {
            let file = lab.file_name().unwrap().to_str().unwrap();
            let text = fs::read_to_string(&lab).unwrap();
            let mut found = String::new();
            for line in text.lines().filter_map(|line| line.strip_prefix("# $ ")) {
                let mut arguments = words(line);
                arguments.push(file.to_owned());
                let (code, out, error) = trace(&arguments);
                assert_eq!(code, Some(0), "{file}: {line}\n{error}");
                found += &format!("$ {line}\n{error}{out}\n");
            }
            insta::assert_snapshot!(lab.file_stem().unwrap().to_str().unwrap(), found);
        }
    });
}

#[test]
fn json_says_what_the_text_says() {
    let ask = |format: &str| {
        let arguments =
            ["http://shop.test/productsearch", "--gateway", "edge/shop", "--format", format, "gateway.yaml"];
        trace(&arguments.map(str::to_owned)).1
    };
    let report: Value = serde_json::from_str(&ask("json")).unwrap();
    let text = ask("text");
    for hop in report["hops"].as_array().unwrap() {
        for step in hop["steps"].as_array().unwrap() {
            for key in ["text", "resource", "at"] {
                let value = step.get(key).and_then(Value::as_str).unwrap_or_default();
                assert!(text.contains(value), "{value}");
            }
        }
    }
    let result = &report["hops"][0]["result"];
    assert_eq!((result["kind"].as_str(), result["status"].as_u64()), (Some("answered"), Some(503)), "{result}");
}

#[test]
fn unknown_names_are_told_with_near_ones() {
    let table = [
        (["--from", "shop/cleint", "canary.yaml"], "no workload `shop/cleint`: did you mean `shop/client`?"),
        (["--gateway", "edge/shp", "gateway.yaml"], "no gateway `edge/shp`: did you mean `edge/shop`?"),
    ];
    for (arguments, expected) in table {
        let all: Vec<_> = ["http://web/"].iter().chain(&arguments).map(|&word| word.to_owned()).collect();
        let (code, _, error) = trace(&all);
        assert_eq!(code, Some(2));
        assert!(error.contains(expected), "{error}");
    }
}
