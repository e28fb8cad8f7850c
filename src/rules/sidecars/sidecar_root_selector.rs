use crate::mesh::Mesh;
use crate::rules::Report;

/// Only a Sidecar without selector is the default of the mesh.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for sidecar in &mesh.resources.sidecars {
        if sidecar.meta.namespace != mesh.settings.root_namespace || sidecar.spec.selector().is_none() {
            continue;
        }
        let at = sidecar.spec.node.key_at("workloadSelector").unwrap_or(sidecar.meta.at());
        report
            .at(&sidecar.meta, at, format!("a selector in the root namespace `{}`", sidecar.meta.namespace))
            .label("the Sidecar is only for workloads of this namespace, not for the mesh")
            .help("remove the selector to make it the default of the mesh, or move the Sidecar to its workloads");
    }
}
