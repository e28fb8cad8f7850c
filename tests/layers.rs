//! The layers of `src/` point one way: a layer uses only those that `src/lib.rs` lists before it.

use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn layers_point_one_way() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let lib = fs::read_to_string(root.join("lib.rs")).unwrap();
    let layers: Vec<_> =
        lib.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).map(str::to_owned).collect();
    assert!(layers.len() > 10, "found only {layers:?} in src/lib.rs");
    let mut wrong = Vec::new();
    for (index, layer) in layers.iter().enumerate() {
        for file in rust_files(&root.join(layer)) {
            let text = fs::read_to_string(&file).unwrap();
            for later in &layers[index + 1..] {
                let used = format!("crate::{later}");
                let uses = text.match_indices(&used).any(|(at, _)| {
                    let next = text[at + used.len()..].chars().next();
                    next.is_none_or(|next| !next.is_alphanumeric() && next != '_')
                });
                if uses {
                    wrong.push(format!("{} uses `{later}`", file.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}
