use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::virtual_service::VirtualService;
use crate::rules::Report;

/// Envoy chooses among weighted destinations by chance, before a consistent hash chooses an endpoint of the one chosen.
pub fn check<'m>(mesh: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    for split in service.spec.splits() {
        let weighted: Vec<_> = split.shares.iter().filter(|share| share.weight() > 0).collect();
        if weighted.len() < 2 {
            continue;
        }
        let hash = weighted.iter().find_map(|share| {
            let policy = mesh.policy_of(service, share.destination)?;
            policy.load_balancer?.consistent_hash.as_deref()
        });
        let Some(hash) = hash else { continue };
        let at = split.route.key_at("route").unwrap_or(split.route.head());
        report
            .at(&service.meta, at, "requests of one client are spread over weighted destinations")
            .label("the weights are drawn for every request, the hash only chooses within a destination")
            .related(hash.node.head(), "a consistent hash for one of them")
            .help("route by a header or cookie to keep a client on one version, or use one destination");
    }
}
