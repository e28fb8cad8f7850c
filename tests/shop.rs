//! The broken shop of the README: all of its mistakes, in every format.

use std::process::Command;

fn check(format: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_meshlint"))
        .args(["check", "--no-config", "--format", format, "testdata/shop"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{format}");
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text.lines().map(|line| match line.rsplit_once(", ") {
        Some((summary, time)) if time.ends_with(" ms") => format!("{summary}, 5 ms\n"),
        _ => format!("{line}\n"),
    });
    lines.collect()
}

#[test]
fn the_shop_is_judged_in_every_format() {
    insta::with_settings!({
        snapshot_path => "../testdata/report/shop",
        prepend_module_to_snapshot => false,
    }, {
        for format in ["text", "concise", "json", "sarif", "github", "gitlab", "junit"] {
            insta::assert_snapshot!(format, check(format));
        }
    });
}
