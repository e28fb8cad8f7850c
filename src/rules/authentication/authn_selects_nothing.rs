use crate::mesh::Mesh;
use crate::model::security::Attached;
use crate::rules::Report;

/// A PeerAuthentication or RequestAuthentication whose selector no workload has.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for policy in &mesh.resources.peer_authentications {
        // With a selector it is ignored in the root namespace, which is another rule's.
        let ignored = policy.meta.namespace == mesh.settings.root_namespace;
        if let Some(selector) = policy.spec.selector().filter(|_| !ignored) {
            report.selects_nothing(mesh, &policy.meta, selector);
        }
    }
    for policy in &mesh.resources.request_authentications {
        if let Some(selector) = policy.spec.selector() {
            report.selects_nothing(mesh, &policy.meta, selector);
        }
    }
}
