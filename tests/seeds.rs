//! The labs in `testdata/seeds/`: each folder is a mesh, and `expected.txt` what `meshlint check` says of it.
//! `UPDATE=1 cargo test` writes the expectations anew.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

#[test]
fn labs_are_judged_as_expected() {
    let mut wrong = Vec::new();
    for folder in folders() {
        let output = Command::new(env!("CARGO_BIN_EXE_meshlint"))
            .args(["check", "--format", "concise", "--no-config", "."])
            .current_dir(&folder)
            .output()
            .unwrap();
        assert!(output.stderr.is_empty(), "{}: {}", folder.display(), String::from_utf8_lossy(&output.stderr));
        let found =
            format!("{}exit code {}\n", String::from_utf8(output.stdout).unwrap(), output.status.code().unwrap());
        let file = folder.join("expected.txt");
        if env::var_os("UPDATE").is_some() {
            fs::write(&file, &found).unwrap();
        }
        let expected = fs::read_to_string(&file).unwrap_or_default();
        if expected != found {
            wrong.push(format!("{}\nexpected:\n{expected}found:\n{found}", folder.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn folders() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/seeds");
    let mut folders: Vec<_> = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    assert!(folders.len() > 20);
    folders
}
