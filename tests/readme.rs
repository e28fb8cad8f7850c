//! What the README shows is what the program prints: each line `$ meshlint …` in a `console` block is run, and the lines
//! below it are its output. `UPDATE=1 cargo test` writes the outputs anew. The example of a file of tests passes, and the
//! flags that are named exist.

use std::collections::BTreeSet;
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

#[test]
fn the_example_of_a_file_of_tests_passes() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    let example = readme.split("```yaml\n").find(|block| block.starts_with("tests:")).expect("an example");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tests.yaml");
    fs::write(&file, example.split_once("```").unwrap().0).unwrap();
    let output = run(root, &format!("test {} -- testdata/test/shop/mesh.yaml", file.display()));
    assert!(output.ends_with("2 passed, 0 failed\n"), "{output}");
}

#[test]
fn flags_that_are_named_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    let completions = fs::read_to_string(root.join("completions/meshlint.bash")).unwrap();
    let known: BTreeSet<_> = completions.split_whitespace().collect();
    let of_others = |line: &&str| !line.contains("cargo ");
    let words = readme
        .lines()
        .filter(of_others)
        .flat_map(|line| line.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-'));
    let flags: BTreeSet<_> = words.filter(|word| word.len() > 3 && word.starts_with("--")).collect();
    assert!(flags.len() > 20, "{flags:?}");
    let unknown: Vec<_> = flags.difference(&known).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}
