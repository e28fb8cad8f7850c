//! The command line, as sessions: every `testdata/cli/<case>/session.txt` holds commands, `$ meshlint …`, possibly with
//! `< file` for standard input, and after each what it writes: standard output, standard error with `stderr: ` before its
//! lines, and the exit code if it is not 0. They run in a copy of the folder. `UPDATE=1 cargo test` rewrites what follows
//! the commands.

use std::env;
use std::fmt::Write;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

#[test]
fn sessions_go_as_written() {
    let mut cases: Vec<_> = fs::read_dir("testdata/cli").unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    assert!(!cases.is_empty());
    let failures: Vec<_> = cases.iter().filter_map(|case| failure(case)).collect();
    assert!(
        failures.is_empty(),
        "run `UPDATE=1 cargo test --test check` and read the changes\n{}",
        failures.join("\n")
    );
}

/// How a session differs from what is written.
fn failure(case: &Path) -> Option<String> {
    let path = case.join("session.txt");
    let written = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let found = session(case, written.lines().filter_map(|line| line.strip_prefix("$ ")));
    if env::var_os("UPDATE").is_some() {
        fs::write(&path, &found).unwrap();
        return None;
    }
    (found != written).then(|| format!("{}\n--- written\n{written}--- found\n{found}", path.display()))
}

fn session<'c>(case: &Path, commands: impl Iterator<Item = &'c str>) -> String {
    let folder = tempfile::tempdir().unwrap();
    copy(case, folder.path());
    let outputs: Vec<_> = commands.map(|command| format!("$ {command}\n{}", run(command, folder.path()))).collect();
    outputs.join("\n")
}

/// What a command writes, and its exit code.
fn run(command: &str, folder: &Path) -> String {
    let (words, input) = command.split_once(" < ").map_or((command, None), |(words, file)| (words, Some(file)));
    let input = input.map_or_else(Stdio::null, |file| File::open(folder.join(file)).unwrap().into());
    let mut words = words.split_whitespace();
    assert_eq!(words.next(), Some("meshlint"), "{command}");
    let output =
        Command::new(env!("CARGO_BIN_EXE_meshlint")).args(words).current_dir(folder).stdin(input).output().unwrap();
    let mut text = without_times(&String::from_utf8(output.stdout).unwrap());
    for line in String::from_utf8(output.stderr).unwrap().lines() {
        writeln!(text, "stderr: {line}").unwrap();
    }
    match output.status.code() {
        Some(0) => {}
        code => writeln!(text, "exit code {}", code.unwrap()).unwrap(),
    }
    text
}

/// The summary ends with the time it took.
fn without_times(text: &str) -> String {
    let line = |line: &str| match line.rsplit_once(", ") {
        Some((summary, time)) if time.ends_with(" ms") || time.ends_with(" s") => format!("{summary}, … ms\n"),
        _ => format!("{line}\n"),
    };
    text.lines().map(line).collect()
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target: PathBuf = to.join(path.file_name().unwrap());
        if path.is_dir() {
            fs::create_dir(&target).unwrap();
            copy(&path, &target);
        } else if !path.ends_with("session.txt") {
            fs::copy(&path, &target).unwrap();
        }
    }
}
