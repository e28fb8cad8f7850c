//! The filters of the pods in `testdata/translate/security`, with what stands beside them as `NAME.snap`. A document without
//! a kind is the MeshConfig; pods called `gateway` are gateways.

use serde_json::{Value, json};

use super::Security;
use crate::envoy::Json;
use crate::mesh::Mesh;
use crate::mesh::testing::with_mesh;
use crate::translate::testing::snapshots;

#[test]
fn policies_become_filters() {
    snapshots("security", 5, |_, text| serde_yaml::to_string(&with_mesh(text, |mesh| filters(mesh, text))).unwrap());
}

/// Those of each pod.
fn filters(mesh: &Mesh<'_>, text: &str) -> Value {
    let pods = mesh.resources.pods.iter().map(|pod| {
        let is_gateway = pod.meta.name.value == "gateway";
        let security = Security::new(mesh, pod.meta.namespace, &pod.meta.labels, is_gateway);
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
