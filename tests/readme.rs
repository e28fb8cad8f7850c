//! What the README shows is what the program prints: each line `$ meshlint …` in a `console` block is run, and the lines
//! below it are its output. `UPDATE=1 cargo test` writes the outputs anew.

use std::path::Path;
use std::process::Command;
use std::{env, fs};

#[test]
fn readme_shows_what_meshlint_prints() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    let mut expected = String::new();
    let mut commands = 0;
    for (index, part) in readme.split("```console\n").enumerate() {
        if index == 0 {
            expected.push_str(part);
            continue;
        }
        let (block, rest) = part.split_once("```").expect("a block ends");
        let command = block.lines().next().and_then(|line| line.strip_prefix("$ meshlint ")).expect("a command");
        expected.push_str(&format!("```console\n$ meshlint {command}\n{}```{rest}", run(root, command)));
        commands += 1;
    }
    assert!(commands > 0, "the README shows nothing");
    if env::var_os("UPDATE").is_some() {
        fs::write(root.join("README.md"), &expected).unwrap();
        return;
    }
    assert!(readme == expected, "README.md shows other output; this is what it should be:\n{expected}");
}

/// The output, without the time that it took.
fn run(root: &Path, command: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_meshlint"))
        .args(command.split_whitespace())
        .current_dir(root)
        .env("COLUMNS", "100")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text.lines().map(|line| match line.rsplit_once(", ") {
        Some((summary, time)) if time.ends_with(" ms") => format!("{summary}, 5 ms\n"),
        _ => format!("{line}\n"),
    });
    lines.collect()
}
