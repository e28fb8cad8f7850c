use crate::mesh::Mesh;
use crate::rules::Report;

/// `outboundTrafficPolicy: {}` looks like the default of the mesh and is `REGISTRY_ONLY`.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for sidecar in &mesh.resources.sidecars {
        let Some(policy) = &sidecar.spec.outbound_traffic_policy else { continue };
        if policy.node.has("mode") {
            continue;
        }
        let at = sidecar.spec.node.key_at("outboundTrafficPolicy").unwrap_or(sidecar.meta.at());
        report
            .at(&sidecar.meta, at, "outboundTrafficPolicy without `mode`")
            .label("means `REGISTRY_ONLY`: traffic to unknown hosts is refused")
            .help("write the mode, `REGISTRY_ONLY` or `ALLOW_ANY`");
    }
}
