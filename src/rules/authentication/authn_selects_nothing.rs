use crate::mesh::Mesh;
use crate::model::security::Attached;
use crate::rules::Report;

/// A PeerAuthentication or RequestAuthentication whose selector no workload has.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for policy in &mesh.resources.peer_authentications {
        // With a selector it is ignored in the root namespace, which is another rule's.
        let ignored = policy.meta.namespace == mesh.settings.root_namespace;
        if let Some(selector) = policy.spec.selector().filter(|_| !ignored) {
            let whole = policy.spec.selector.as_ref().and_then(|selector| selector.node.key_at("matchLabels"));
            report.selects_nothing(mesh, &policy.meta, selector, whole);
        }
    }
    for policy in &mesh.resources.request_authentications {
        if let Some(selector) = policy.spec.selector() {
            let whole = policy.spec.selector.as_ref().and_then(|selector| selector.node.key_at("matchLabels"));
            report.selects_nothing(mesh, &policy.meta, selector, whole);
        }
    }
}
