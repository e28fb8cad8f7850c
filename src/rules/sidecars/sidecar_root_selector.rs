use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::networking::Sidecar;
use crate::rules::Report;

/// Only a Sidecar without selector is the default of the mesh.
pub fn check<'m>(mesh: &Mesh<'m>, sidecar: &'m Object<'m, Sidecar<'m>>, report: &mut Report) {
    if sidecar.meta.namespace != mesh.settings.root_namespace || sidecar.spec.selector().is_none() {
        return;
    }
    let at = sidecar.spec.node.key_at("workloadSelector").unwrap_or(sidecar.meta.at());
    report
        .at(&sidecar.meta, at, format!("a selector in the root namespace `{}`", sidecar.meta.namespace))
        .label("the Sidecar is only for workloads of this namespace, not for the mesh")
        .help("remove the selector to make it the default of the mesh, or move the Sidecar to its workloads");
}
