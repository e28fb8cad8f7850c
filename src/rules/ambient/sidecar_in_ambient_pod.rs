use crate::mesh::{Mesh, Workload, WorkloadKind};
use crate::rules::Report;

/// Pods that have a sidecar although they are labelled for ambient mode.
pub fn check<'m>(mesh: &Mesh<'m>, workload: &Workload<'m>, report: &mut Report) {
    let WorkloadKind::Pod(_) = workload.kind else { return };
    if !workload.runs_proxy() || mesh.is_k8s_gateway(workload) || !mesh.is_ambient_workload(workload) {
        return;
    }
    let label = workload.labels.get("istio.io/dataplane-mode");
    report
        .at(workload.meta, label.map_or(workload.meta.at(), |label| label.at), "this pod has a sidecar")
        .label("it is left out of ambient mode")
        .help("restart the pod without a sidecar, or remove the label");
}
