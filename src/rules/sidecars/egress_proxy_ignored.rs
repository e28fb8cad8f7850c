use crate::mesh::Mesh;
use crate::rules::Report;

/// `egressProxy` has no effect any more.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for sidecar in &mesh.resources.sidecars {
        let Some(policy) = &sidecar.spec.outbound_traffic_policy else { continue };
        let Some(at) = policy.node.key_at("egressProxy") else { continue };
        report
            .at(&sidecar.meta, at, "`egressProxy` is deprecated, and istiod ignores it")
            .label("the traffic goes where `mode` sends it")
            .help("remove it, and route the hosts with ServiceEntries and VirtualServices to an egress gateway");
    }
}
