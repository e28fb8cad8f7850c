//! Snapshots of what is made of the files in `testdata/translate`.

use std::fs;
use std::path::Path;

/// Compares what is made of the name and the text of each YAML file in a folder with `NAME.snap` beside it.
pub fn snapshots(folder: &str, at_least: usize, made: impl Fn(&str, &str) -> String) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/translate").join(folder);
    let mut paths: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    paths.sort();
    assert!(paths.len() >= at_least);
    insta::with_settings!({
        snapshot_path => &folder,
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, {
        for path in paths {
            let name = path.file_stem().unwrap().to_str().unwrap();
            insta::assert_snapshot!(name, made(name, &fs::read_to_string(&path).unwrap()));
        }
    });
}
