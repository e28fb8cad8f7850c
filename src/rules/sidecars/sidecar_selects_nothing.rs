use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::networking::Sidecar;
use crate::rules::Report;

/// A Sidecar whose selector no workload of its namespace has.
pub fn check<'m>(mesh: &Mesh<'m>, sidecar: &'m Object<'m, Sidecar<'m>>, report: &mut Report) {
    // In the root namespace a selector has another problem, which is another rule's.
    let in_root = sidecar.meta.namespace == mesh.settings.root_namespace;
    if let Some(selector) = sidecar.spec.selector().filter(|_| !in_root) {
        report.selects_nothing(mesh, &sidecar.meta, selector, None);
    }
}
