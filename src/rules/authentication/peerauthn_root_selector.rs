use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::security::PeerAuthentication;
use crate::rules::Report;

/// In the root namespace a PeerAuthentication is for the whole mesh. Istio ignores one with a selector.
pub fn check<'m>(mesh: &Mesh<'m>, policy: &'m Object<'m, PeerAuthentication<'m>>, report: &mut Report) {
    let selected = policy.spec.selector().is_some() && policy.meta.namespace == mesh.settings.root_namespace;
    let Some(at) = policy.spec.node.key_at("selector").filter(|_| selected) else { return };
    report
        .at(&policy.meta, at, "a PeerAuthentication with a selector is ignored in the root namespace")
        .label("only the one for the whole mesh counts here")
        .help("move it to the namespace of the workloads, or remove the selector");
}
