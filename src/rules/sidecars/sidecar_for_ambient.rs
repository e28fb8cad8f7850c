use crate::mesh::{Injection, Mesh};
use crate::model::Object;
use crate::model::networking::Sidecar;
use crate::rules::Report;

/// A Sidecar has an effect on sidecars only.
pub fn check<'m>(mesh: &Mesh<'m>, sidecar: &'m Object<'m, Sidecar<'m>>, report: &mut Report) {
    if !is_for_ambient(mesh, sidecar) {
        return;
    }
    report
        .at(&sidecar.meta, sidecar.meta.at(), "the Sidecar has no effect in ambient mode")
        .label("its workloads have no sidecars; ztunnel and waypoints do not read it")
        .help("remove it, or inject sidecars into its workloads");
}

/// Whether all workloads that it selects, or its whole namespace, are in ambient mode.
fn is_for_ambient(mesh: &Mesh<'_>, sidecar: &Object<'_, Sidecar<'_>>) -> bool {
    let namespace = sidecar.meta.namespace;
    match sidecar.spec.selector() {
        Some(labels) => {
            let selected = mesh.select(namespace, labels);
            !selected.is_empty() && selected.iter().all(|workload| mesh.injection(workload) == Injection::Ambient)
        }
        None => {
            let is_ambient = mesh.namespace(namespace).is_some_and(|namespace| {
                let label = |key: &str| namespace.labels.text(key).unwrap_or_default();
                label("istio.io/dataplane-mode") == "ambient"
                    && label("istio-injection") != "enabled"
                    && label("istio.io/rev").is_empty()
            });
            is_ambient && !mesh.workloads_in(namespace).any(|workload| mesh.injection(workload) == Injection::Sidecar)
        }
    }
}
