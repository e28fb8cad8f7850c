//! The filters of the pods in `testdata/translate/security`, with what stands beside them as `NAME.snap`. A document without
//! a kind is the MeshConfig; pods called `gateway` are gateways.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::Security;
use crate::envoy::Json;
use crate::mesh::{Mesh, Options, Settings};
use crate::model::{Resources, kind_of, objects};
use crate::source::SourceId;
use crate::yaml;

#[test]
fn policies_become_filters() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/translate/security");
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
            let filters = serde_yaml::to_string(&filters(&fs::read_to_string(&path).unwrap())).unwrap();
            insta::assert_snapshot!(path.file_stem().unwrap().to_str().unwrap(), filters);
        }
    });
}

/// Those of each pod.
fn filters(text: &str) -> Value {
    let (tree, problems) = yaml::parse(SourceId(0), text);
    assert!(problems.is_empty(), "{problems:?}");
    let mut resources = Resources::default();
    for object in tree.roots().flat_map(objects) {
        resources.add(object, "default");
    }
    let options = Options::default();
    let mesh_config = tree.roots().find(|root| kind_of(*root).is_none());
    let mesh = Mesh::new(&resources, Settings::new(&options, mesh_config));
    let pods = resources.pods.iter().map(|pod| {
        let is_gateway = pod.meta.name.value == "gateway";
        let security = Security::new(&mesh, pod.meta.namespace, &pod.meta.labels, is_gateway);
        let notes = security.notes().iter().map(|note| {
            let place = &text[note.at.range()];
            format!("{place}: {}", note.message)
        });
        let filters = json!({
            "http": security.http_filters().iter().map(Json::write).collect::<Vec<_>>(),
            "network": security.network_filters().iter().map(Json::write).collect::<Vec<_>>(),
            "notes": notes.collect::<Vec<_>>(),
        });
        (pod.meta.name.value.to_owned(), filters)
    });
    pods.collect()
}
