use crate::mesh::Mesh;
use crate::rules::Report;

/// Only unknown traffic goes through the egress proxy, and it must be allowed to.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for sidecar in &mesh.resources.sidecars {
        let Some(policy) = &sidecar.spec.outbound_traffic_policy else { continue };
        let Some(proxy) = policy.node.key_at("egressProxy") else { continue };
        let mode = policy.mode.filter(|mode| !mode.is_empty());
        if mode.is_none_or(|mode| mode.value != "ALLOW_ANY" && !mode.is_placeholder()) {
            report
                .at(&sidecar.meta, mode.map_or(proxy, |mode| mode.at), "`egressProxy` needs mode `ALLOW_ANY`")
                .label("`REGISTRY_ONLY`, the default here, stops unknown traffic")
                .help("write `mode: ALLOW_ANY`, or remove `egressProxy`");
        }
    }
}
