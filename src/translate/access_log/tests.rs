//! The logs of the pods in `testdata/translate/access_log`, beside each file as `NAME.snap`. A document without a kind is the
//! MeshConfig.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::{AccessLogs, Part};
use crate::envoy::Json;
use crate::envoy::access_log::AccessLog;
use crate::mesh::{Mesh, Options, Settings};
use crate::model::{Resources, kind_of, objects};
use crate::source::SourceId;
use crate::yaml;

#[test]
fn logs_are_those_of_telemetries_or_of_the_mesh_config() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/translate/access_log");
    let mut paths: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    paths.sort();
    assert!(paths.len() > 4);
    insta::with_settings!({
        snapshot_path => &folder,
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, {
        for path in paths {
            let logs = serde_yaml::to_string(&logs(&fs::read_to_string(&path).unwrap())).unwrap();
            insta::assert_snapshot!(path.file_stem().unwrap().to_str().unwrap(), logs);
        }
    });
}

/// Of each pod.
fn logs(text: &str) -> Value {
    let (tree, problems) = yaml::parse(SourceId(0), text);
    assert!(problems.is_empty(), "{problems:?}");
    let mut resources = Resources::default();
    for object in tree.roots().flat_map(objects) {
        resources.add(object, "default");
    }
    let options = Options::default();
    let mesh_config = tree.roots().find(|root| kind_of(*root).is_none());
    let mesh = Mesh::new(&resources, Settings::new(&options, mesh_config));
    let print = |logs: Vec<AccessLog>| logs.iter().map(Json::write).collect::<Value>();
    let pods = resources.pods.iter().map(|pod| {
        let logs = AccessLogs::new(&mesh, pod.meta.namespace, &pod.meta.labels);
        let of = |part| {
            json!({
                "requests": print(logs.of_requests(part)),
                "connections": print(logs.of_connections(part)),
                "listeners": print(logs.of_listener(part)),
            })
        };
        let (client, server) = (of(Part::Client), of(Part::Server));
        let printed =
            if client == server { json!({ "all": client }) } else { json!({ "client": client, "server": server }) };
        (pod.meta.name.value.to_owned(), printed)
    });
    pods.collect()
}
