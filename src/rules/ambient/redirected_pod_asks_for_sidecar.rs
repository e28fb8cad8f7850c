use crate::mesh::{Mesh, Workload};
use crate::rules::Report;

/// Pods that ask for a sidecar although their traffic goes to ztunnel.
pub fn check<'m>(_: &Mesh<'m>, workload: &Workload<'m>, report: &mut Report) {
    let redirection = workload.annotations.get("ambient.istio.io/redirection");
    let inject = workload.labels.get("sidecar.istio.io/inject").filter(|value| value.value == "true");
    let revision = || workload.labels.get("istio.io/rev").filter(|value| !value.is_empty());
    let Some(redirection) = redirection.filter(|value| value.value == "enabled") else { return };
    let Some(label) = inject.or_else(revision) else { return };
    report
        .at(workload.meta, label.at, "this pod asks for a sidecar, but is in ambient mode")
        .label("the next one will have a sidecar")
        .related(redirection.at, "its traffic goes to ztunnel")
        .help("remove the label");
}
