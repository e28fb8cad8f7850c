use crate::mesh::{Mesh, Workload};
use crate::rules::Report;

/// Workloads whose labels ask for a sidecar and for ambient mode.
pub fn check<'m>(mesh: &Mesh<'m>, workload: &Workload<'m>, report: &mut Report) {
    if workload.pod().is_none() || !mesh.wants_both(workload) {
        return;
    }
    let inject = workload.labels.get("sidecar.istio.io/inject");
    let mode = workload.labels.get("istio.io/dataplane-mode");
    let at = inject.or(mode).map_or(workload.meta.at(), |label| label.at);
    let draft = report
        .at(workload.meta, at, format!("`{}` is labelled for a sidecar and for ambient mode", workload.title()))
        .label("with a sidecar a pod is left out of ambient mode");
    let draft = match mesh.namespace(workload.namespace) {
        Some(namespace) => draft.related(namespace.at(), "see the labels of the namespace"),
        None => draft,
    };
    draft.help("keep one of the labels");
}
