use crate::mesh::Mesh;
use crate::rules::Report;

use super::annotations::{annotations, registered};

/// Annotations that Istio will stop to read.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for (annotated, key, _) in annotations(mesh) {
        if !registered(key.value).is_some_and(|entry| entry.deprecated) {
            continue;
        }
        // Beside the label of the same name it is for old versions of Istio.
        if annotated.labels.get(key.value).is_some() {
            continue;
        }
        let draft = report.at(annotated.meta, key.at, format!("annotation `{}` is deprecated", key.value));
        match key.value {
            "sidecar.istio.io/inject" => draft.help("use the label of the same name"),
            "sidecar.istio.io/discoveryAddress" => draft.help("set it in `proxy.istio.io/config`"),
            "traffic.sidecar.istio.io/kubevirtInterfaces" => draft.help("use `istio.io/reroute-virtual-interfaces`"),
            _ if key.value.starts_with("sidecar.istio.io/stats") => draft.help("set it in `proxy.istio.io/config`"),
            _ => draft.help("remove it"),
        };
    }
}
