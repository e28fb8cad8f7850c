use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::security::{MutualTls, PeerAuthentication};
use crate::rules::Report;

/// A PeerAuthentication that sets no mode leaves what the wider ones say.
pub fn check<'m>(_: &Mesh<'m>, policy: &'m Object<'m, PeerAuthentication<'m>>, report: &mut Report) {
    let ports = policy.spec.port_level_mtls.iter().map(|(_, settings)| settings);
    if policy.spec.mtls.iter().chain(ports).any(sets_mode) {
        return;
    }
    let mode = policy.spec.mtls.as_ref().and_then(|settings| settings.mode);
    let at = mode.map(|mode| mode.at).or_else(|| policy.meta.root.get("spec")?.key_at("mtls"));
    report
        .at(&policy.meta, at.unwrap_or(policy.meta.at()), "the PeerAuthentication sets no mode")
        .label("what the namespace or the mesh says stays in force")
        .help("write `STRICT`, `PERMISSIVE` or `DISABLE`, or remove the PeerAuthentication");
}

/// What is no mode is another rule's.
fn sets_mode(settings: &MutualTls<'_>) -> bool {
    settings.mode.is_some_and(|mode| mode.value != "UNSET")
}
