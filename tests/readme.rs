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
        let (command, shown) = block.split_once('\n').expect("a command and its output");
        let command = command.strip_prefix("$ meshlint ").expect("a command of meshlint");
        let output = with_known_times(&run(root, command), shown);
        expected.push_str(&format!("```console\n$ meshlint {command}\n{output}```{rest}"));
        commands += 1;
    }
    assert!(commands > 0, "the README shows nothing");
    if env::var_os("UPDATE").is_some() {
        fs::write(root.join("README.md"), &expected).unwrap();
        return;
    }
    assert!(readme == expected, "README.md shows other output; this is what it should be:\n{expected}");
}

/// How long requests take differs from run to run: such lines are kept as they are shown.
fn with_known_times(output: &str, shown: &str) -> String {
    let is_time = |line: &str| line.starts_with("latency: ") || line.contains(" requests in ");
    let mut times = shown.lines().filter(|line| is_time(line));
    let known = |line| if is_time(line) { times.next().unwrap_or(line) } else { line };
    output.lines().map(known).map(|line| format!("{line}\n")).collect()
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
