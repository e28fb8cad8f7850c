use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::networking::Sidecar;
use crate::rules::Report;

/// `outboundTrafficPolicy: {}` looks like the default of the mesh and is `REGISTRY_ONLY`.
pub fn check<'m>(_: &Mesh<'m>, sidecar: &'m Object<'m, Sidecar<'m>>, report: &mut Report) {
    let Some(policy) = &sidecar.spec.outbound_traffic_policy else { return };
    if policy.node.has("mode") {
        return;
    }
    let at = sidecar.spec.node.key_at("outboundTrafficPolicy").unwrap_or(sidecar.meta.at());
    report
        .at(&sidecar.meta, at, "outboundTrafficPolicy without `mode`")
        .label("means `REGISTRY_ONLY`: traffic to unknown hosts is refused")
        .help("write the mode, `REGISTRY_ONLY` or `ALLOW_ANY`");
}
