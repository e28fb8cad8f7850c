use crate::mesh::Mesh;
use crate::rules::Report;

/// Pods that ask for a sidecar although their traffic goes to ztunnel.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for workload in &mesh.workloads {
        let redirection = workload.annotations.get("ambient.istio.io/redirection");
        let inject = workload.labels.get("sidecar.istio.io/inject").filter(|value| value.value == "true");
        let revision = || workload.labels.get("istio.io/rev").filter(|value| !value.is_empty());
        let Some(redirection) = redirection.filter(|value| value.value == "enabled") else { continue };
        let Some(label) = inject.or_else(revision) else { continue };
        report
            .at(workload.meta, label.at, "this pod asks for a sidecar, but is in ambient mode")
            .label("the next one will have a sidecar")
            .related(redirection.at, "its traffic goes to ztunnel")
            .help("remove the label");
    }
}
