use crate::mesh::{Mesh, Workload, WorkloadKind};
use crate::rules::Report;

/// Running pods that the injector has missed. Pods that are not yet created have no proxy in their text.
pub fn check<'m>(mesh: &Mesh<'m>, workload: &Workload<'m>, report: &mut Report) {
    let WorkloadKind::Pod(pod) = workload.kind else { return };
    let Some(label) = mesh.namespace(workload.namespace).and_then(|meta| meta.labels.get("istio-injection")) else {
        return;
    };
    let running = workload.meta.root.has("status");
    let wanted = label.value == "enabled" && !mesh.opts_out(workload) && !pod.host_network.is_some_and(|on| on.value);
    if !running || !wanted || workload.runs_proxy() {
        return;
    }
    report
        .at(workload.meta, workload.meta.at(), format!("`{}` runs without a proxy", workload.title()))
        .related(label.at, "its namespace is injected")
        .help("restart it: pods that are older than the label have no proxy");
}
