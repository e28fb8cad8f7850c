//! The logs of the pods in `testdata/translate/access_log`, beside each file as `NAME.snap`. A document without a kind is the
//! MeshConfig.

use serde_json::{Value, json};

use super::{AccessLogs, Part};
use crate::envoy::Json;
use crate::envoy::access_log::AccessLog;
use crate::mesh::Mesh;
use crate::mesh::testing::with_mesh;
use crate::translate::testing::snapshots;

#[test]
fn logs_are_those_of_telemetries_or_of_the_mesh_config() {
    snapshots("access_log", 5, |_, text| serde_yaml::to_string(&with_mesh(text, logs)).unwrap());
}

/// Of each pod.
fn logs(mesh: &Mesh<'_>) -> Value {
    let print = |logs: Vec<AccessLog>| logs.iter().map(Json::write).collect::<Value>();
    let pods = mesh.resources.pods.iter().map(|pod| {
        let logs = AccessLogs::new(mesh, pod.meta.namespace, &pod.meta.labels);
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
