use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::networking::Sidecar;
use crate::rules::Report;

/// `egressProxy` has no effect any more.
pub fn check<'m>(_: &Mesh<'m>, sidecar: &'m Object<'m, Sidecar<'m>>, report: &mut Report) {
    let Some(policy) = &sidecar.spec.outbound_traffic_policy else { return };
    let Some(at) = policy.node.key_at("egressProxy") else { return };
    report
        .at(&sidecar.meta, at, "`egressProxy` is deprecated, and istiod ignores it")
        .label("the traffic goes where `mode` sends it")
        .help("remove it, and route the hosts with ServiceEntries and VirtualServices to an egress gateway");
}
