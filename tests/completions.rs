//! `completions/` holds what `meshlint completions` and `meshlint man` print. `UPDATE=1 cargo test` rewrites it.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

const SHELLS: [(&str, &str); 5] = [
    ("bash", "meshlint.bash"),
    ("elvish", "meshlint.elv"),
    ("fish", "meshlint.fish"),
    ("powershell", "_meshlint.ps1"),
    ("zsh", "_meshlint"),
];

#[test]
fn completions_are_up_to_date() {
    for (shell, file) in SHELLS {
        assert_current(Path::new("completions").join(file).as_path(), &printed(&["completions", shell]));
    }
}

#[test]
fn manual_pages_are_up_to_date() {
    let folder = Path::new("completions/man");
    assert_current(&folder.join("meshlint.1"), &printed(&["man"]));
    for command in commands() {
        assert_current(&folder.join(format!("meshlint-{command}.1")), &printed(&["man", &command]));
    }
}

/// The names of the commands, as the help lists them.
fn commands() -> Vec<String> {
    let help = printed(&["help"]);
    let rows = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names = rows.filter(|row| row.starts_with("  ") && !row.starts_with("   "));
    let names = names.filter_map(|row| row.split_whitespace().next()).map(str::to_owned).collect::<Vec<_>>();
    assert!(names.contains(&"man".to_owned()), "{help}");
    names.into_iter().filter(|name| name != "help").collect()
}

fn assert_current(path: &Path, expected: &str) {
    if env::var_os("UPDATE").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, expected).unwrap();
    }
    let found = fs::read_to_string(path).unwrap_or_default();
    assert!(found == expected, "{} is out of date: run `UPDATE=1 cargo test --test completions`", path.display());
}

fn printed(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_meshlint")).args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
