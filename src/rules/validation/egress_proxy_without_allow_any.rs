use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::networking::Sidecar;
use crate::rules::Report;

/// Only unknown traffic goes through the egress proxy, and it must be allowed to.
pub fn check<'m>(_: &Mesh<'m>, sidecar: &'m Object<'m, Sidecar<'m>>, report: &mut Report) {
    let Some(policy) = &sidecar.spec.outbound_traffic_policy else { return };
    let Some(proxy) = policy.node.key_at("egressProxy") else { return };
    let mode = policy.mode.filter(|mode| !mode.is_empty());
    if mode.is_none_or(|mode| mode.value != "ALLOW_ANY" && !mode.is_placeholder()) {
        report
            .at(&sidecar.meta, mode.map_or(proxy, |mode| mode.at), "`egressProxy` needs mode `ALLOW_ANY`")
            .label("`REGISTRY_ONLY`, the default here, stops unknown traffic")
            .help("write `mode: ALLOW_ANY`, or remove `egressProxy`");
    }
}
