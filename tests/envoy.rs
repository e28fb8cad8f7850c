//! Envoy's configuration is read and printed without a change.

use std::path::{Path, PathBuf};

use meshlint::envoy::{Config, Violation, check, from_config_dump, to_config_dump, to_yaml, value_of};
use meshlint::source::SourceId;
use serde_json::{Value, json};

#[test]
fn configs_of_istiod_are_printed_as_they_are_read() {
    for file in files() {
        let text = std::fs::read_to_string(&file).unwrap();
        let value: Value = serde_json::from_str(&text).unwrap();
        let config = Config::from_value(&value).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let difference = difference(&value, &config.to_value());
        assert_eq!(difference, None, "{}", file.display());
        if is_admitted(&file) {
            assert_eq!(violations(&value), [], "{}", file.display());
        }
    }
}

#[test]
fn what_is_printed_reads_back_and_prints_the_same() {
    for file in files() {
        let text = std::fs::read_to_string(&file).unwrap();
        let config = Config::from_value(&serde_json::from_str(&text).unwrap()).unwrap();
        let json = serde_json::to_string_pretty(&config.to_value()).unwrap();
        let again = Config::from_value(&serde_json::from_str(&json).unwrap()).unwrap();
        assert!(again == config, "{}", file.display());
        assert!(serde_json::to_string_pretty(&again.to_value()).unwrap() == json, "{}", file.display());

        let yaml = to_yaml(&config.to_value());
        let (tree, findings) = meshlint::yaml::parse(SourceId::default(), &yaml);
        assert!(findings.is_empty(), "{}: {findings:?}", file.display());
        let again = Config::from_value(&value_of(tree.roots().next().unwrap())).unwrap();
        assert!(again == config, "{}", file.display());
        assert!(to_yaml(&again.to_value()) == yaml, "{}", file.display());

        let dump = to_config_dump(&config, None);
        assert!(check("envoy.admin.v3.ConfigDump", &dump).is_empty() || !is_admitted(&file), "{}", file.display());
        let again = from_config_dump(&dump).unwrap();
        assert!(Config { node: config.node.clone(), ..again } == config, "{}", file.display());
    }
}

#[test]
fn our_own_file_is_printed_byte_for_byte() {
    let text =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/envoy/sidecar.json")).unwrap();
    let config = Config::from_value(&serde_json::from_str(&text).unwrap()).unwrap();
    let printed = serde_json::to_string_pretty(&config.to_value()).unwrap() + "\n";
    assert_eq!(printed, text);
}

#[test]
fn a_field_that_envoy_does_not_have_is_refused_by_name() {
    let cluster = json!({"clusters": [{"name": "a", "lbPolcy": "RANDOM"}]});
    let error = Config::from_value(&cluster).unwrap_err();
    assert_eq!(error.to_string(), "`clusters[0].lbPolcy`: `envoy.config.cluster.v3.Cluster` has no such field");

    let filter = json!({"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router", "x": 1});
    let chain = json!({"filters": [{"typed_config": filter}]});
    let error = Config::from_value(&json!({"listeners": [{"filter_chains": [chain]}]})).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`listeners[0].filter_chains[0].filters[0].typed_config.x`: \
         `envoy.extensions.filters.http.router.v3.Router` has no such field"
    );
}

/// Our own configs, and those of istiod in the scenarios.
fn files() -> Vec<PathBuf> {
    let mut files = expected_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/envoy"));
    assert!(!files.is_empty());
    let oracle = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/oracle");
    if !oracle.is_dir() {
        println!("skipped: the scenarios in {} are not there", oracle.display());
    }
    files.extend(expected_files(&oracle));
    files
}

/// Objects that the admission webhook refuses may make a config that Envoy refuses.
fn is_admitted(file: &Path) -> bool {
    !file.with_file_name("../expected-admitted").is_dir()
}

/// What Envoy would refuse in a config.
fn violations(config: &Value) -> Vec<Violation> {
    let lists = [
        ("listeners", "envoy.config.listener.v3.Listener"),
        ("routes", "envoy.config.route.v3.RouteConfiguration"),
        ("clusters", "envoy.config.cluster.v3.Cluster"),
        ("endpoints", "envoy.config.endpoint.v3.ClusterLoadAssignment"),
    ];
    let resources = lists.into_iter().flat_map(|(list, message_type)| {
        config[list].as_array().unwrap().iter().map(move |resource| (message_type, resource))
    });
    resources.flat_map(|(message_type, resource)| check(message_type, resource)).collect()
}

/// The JSON files in `directory` and, in a suite of scenarios, in their folders `expected` and `expected-admitted`.
fn expected_files(directory: &Path) -> Vec<PathBuf> {
    let entries = |path: &Path| -> Vec<PathBuf> {
        let read = std::fs::read_dir(path).into_iter().flatten();
        read.map(|entry| entry.unwrap().path()).collect()
    };
    let scenarios = entries(directory).into_iter().flat_map(|scenario| entries(&scenario));
    let folders =
        scenarios.filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("expected")));
    let mut files: Vec<_> = entries(directory).into_iter().chain(folders.flat_map(|folder| entries(&folder))).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    files
}

/// The first place where two values differ.
fn difference(expected: &Value, actual: &Value) -> Option<String> {
    match (expected, actual) {
        (Value::Object(expected), Value::Object(actual)) => {
            let extra = actual.iter().find(|(key, _)| !expected.contains_key(*key));
            let at = |key: &String, deeper: Option<String>| deeper.map(|deeper| format!(".{key}{deeper}"));
            expected
                .iter()
                .find_map(|(key, value)| at(key, difference(value, actual.get(key).unwrap_or(&Value::Null))))
                .or(extra.map(|(key, value)| format!(".{key}: {value} is too much")))
        }
        (Value::Array(expected), Value::Array(actual)) if expected.len() == actual.len() => {
            let pairs = expected.iter().zip(actual).enumerate();
            pairs.into_iter().find_map(|(index, (expected, actual))| {
                difference(expected, actual).map(|deeper| format!("[{index}]{deeper}"))
            })
        }
        _ => (expected != actual).then(|| format!(": expected {expected}, got {actual}")),
    }
}
