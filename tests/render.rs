//! `meshlint render` and `meshlint diff`, as a user runs them.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use insta::assert_snapshot;
use meshlint::envoy::{Config, to_yaml, value_of};
use meshlint::lint;
use meshlint::source::{self, SourceId};
use meshlint::translate::{PushContext, Translator};

fn meshlint(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_meshlint")).args(arguments).output().unwrap()
}

fn stdout(arguments: &[&str]) -> String {
    let output = meshlint(arguments);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

const CANARY: &str = "testdata/seeds/canary";

#[test]
fn proxies_are_listed() {
    assert_snapshot!(stdout(&["render", CANARY, "--list"]), @r"
    NAMESPACE   NAME                      TYPE      WORKLOAD             IP
    default     nginx-5d4f8c7b9-00000     sidecar   Deployment/nginx     10.244.0.1
    default     nginx-b-5d4f8c7b9-00000   sidecar   Deployment/nginx-b   10.244.0.2
    ");
}

#[test]
fn tables_say_where_rows_come_from() {
    let table =
        stdout(&["render", CANARY, "--workload", "nginx", "-o", "table", "--only", "routes,clusters,endpoints"]);
    assert_snapshot!(table);
}

#[test]
fn a_proxy_that_is_not_there_names_near_ones() {
    let output = meshlint(&["render", CANARY, "--workload", "nginx-c"]);
    assert_eq!(output.status.code(), Some(2));
    let words = String::from_utf8(output.stderr).unwrap();
    assert_eq!(words, "error: no workload `nginx-c`: did you mean `default/nginx-b`?\n");
}

/// What is printed can be read back and printed again, and is the same, byte by byte.
#[test]
fn what_is_rendered_reads_back() {
    for seed in fs::read_dir("testdata/seeds").unwrap() {
        let folder = seed.unwrap().path();
        let folder = folder.to_str().unwrap();
        let printed = stdout(&["render", folder, "-o", "json"]);
        let value: serde_json::Value = serde_json::from_str(&printed).unwrap();
        let proxies = value["proxies"].as_object().unwrap();
        for (key, proxy) in proxies {
            let config = Config::from_value(proxy).unwrap_or_else(|error| panic!("{folder} {key}: {error}"));
            assert_eq!(config.to_value().to_string(), proxy.to_string(), "{folder} {key}");
        }
        let yaml = stdout(&["render", folder, "-o", "yaml"]);
        let (tree, findings) = meshlint::yaml::parse(SourceId::default(), &yaml);
        assert!(findings.is_empty(), "{folder}: {findings:?}");
        let again = tree.roots().next().map(value_of).unwrap();
        assert_eq!(again, value, "{folder}");
        assert_eq!(to_yaml(&again), yaml, "{folder}");
    }
}

/// Proxies share what is the same for them, and only that: each gets what it gets alone.
#[test]
fn what_proxies_share_is_what_each_gets() {
    let mut rendered = 0;
    for pattern in ["testdata/seeds", "testdata/translate/routes", "testdata/translate/envoy_filter"] {
        for entry in fs::read_dir(pattern).unwrap() {
            let path = entry.unwrap().path();
            if !path.is_dir() && path.extension().is_none_or(|extension| extension != "yaml") {
                continue;
            }
            let loaded = source::load(&[path], &[], |_| false);
            lint::with_admitted(&loaded.sources, &lint::Config::default(), |mesh, _| {
                let push = PushContext::new(mesh);
                let together = Translator::new(&push);
                let proxies = push.proxies();
                // Twice, so that one that differs comes in between.
                for spec in proxies.iter().chain(&proxies) {
                    let proxy = spec.proxy(&push);
                    let alone = Translator::new(&push).translate(&proxy);
                    let shared = together.translate(&proxy);
                    assert_eq!(shared.config, alone.config, "{}", spec.key);
                    rendered += 1;
                }
            });
        }
    }
    assert!(rendered > 50, "only {rendered}");
}

#[test]
fn parts_can_be_chosen() {
    let chosen = ["render", CANARY, "--workload", "nginx", "-o", "json", "--only", "clusters", "--subset", "v1"];
    let value: serde_json::Value = serde_json::from_str(&stdout(&chosen)).unwrap();
    let clusters = value["clusters"].as_array().unwrap();
    let names: Vec<_> = clusters.iter().map(|cluster| cluster["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["outbound|8000|v1|nginx-service.default.svc.cluster.local"]);
    assert!(value["listeners"].as_array().unwrap().is_empty());
}

#[test]
fn a_refused_resource_is_left_out_and_named() {
    let output = meshlint(&["render", "testdata/shop", "-o", "json"]);
    assert_eq!(output.status.code(), Some(0));
    let words = String::from_utf8(output.stderr).unwrap();
    assert!(words.contains("VirtualService shop is left out: unknown field `wieght`"), "{words}");
}

/// The files of a folder, changed by `edit` of name and text, in another.
#[test]
fn a_file_that_is_not_yaml_is_told() {
    let folder = tempfile::tempdir().unwrap();
    copy(CANARY, folder.path(), |name, text| (name.to_owned(), text));
    fs::write(folder.path().join("broken.yaml"), "kind: VirtualService\nspec: [\n").unwrap();
    let output = meshlint(&["render", folder.path().to_str().unwrap(), "--list"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let words = String::from_utf8(output.stderr).unwrap();
    assert!(words.contains("broken.yaml:2:7: ") && words.contains("[yaml-syntax]"), "{words}");
    assert!(String::from_utf8(output.stdout).unwrap().contains("Deployment/nginx"));
}

fn copy(from: &str, to: &Path, edit: impl Fn(&str, String) -> (String, String)) {
    for file in fs::read_dir(from).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            let name = path.file_name().unwrap().to_str().unwrap();
            let (name, text) = edit(name, fs::read_to_string(&path).unwrap());
            fs::write(to.join(name), text).unwrap();
        }
    }
}

#[test]
fn a_changed_weight_is_shown_with_its_cause() {
    let folder = tempfile::tempdir().unwrap();
    copy(CANARY, folder.path(), |name, text| {
        (name.to_owned(), text.replace("weight: 90", "weight: 50").replace("weight: 10", "weight: 50"))
    });
    let output = meshlint(&["diff", CANARY, folder.path().to_str().unwrap(), "--exit-code"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap().replace(folder.path().to_str().unwrap(), "NEW");
    assert_snapshot!(text);
}

#[test]
fn order_of_files_and_layout_make_no_difference() {
    let folder = tempfile::tempdir().unwrap();
    copy(CANARY, folder.path(), |name, text| {
        let documents: Vec<_> = text.split("\n---\n").collect();
        let reversed: Vec<_> = documents.into_iter().rev().collect();
        (format!("z-{}", 9 - name.len() % 9), format!("# moved\n{}", reversed.join("\n---\n")))
    });
    for (index, file) in fs::read_dir(folder.path()).unwrap().enumerate() {
        let path = file.unwrap().path();
        fs::rename(&path, folder.path().join(format!("{index}.yaml"))).unwrap();
    }
    let output = meshlint(&["diff", CANARY, folder.path().to_str().unwrap(), "--exit-code"]);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "no difference\n");
    assert_eq!(output.status.code(), Some(0));
}
