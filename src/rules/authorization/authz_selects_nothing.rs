use crate::mesh::Mesh;
use crate::model::security::Attached;
use crate::rules::Report;

/// A policy whose selector no workload has guards nothing.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for policy in &mesh.resources.authorization_policies {
        if let Some(selector) = policy.spec.selector() {
            report.selects_nothing(mesh, &policy.meta, selector, None);
        }
    }
}
