use crate::mesh::{MergedRule, Mesh};
use crate::model::Object;
use crate::model::destination_rule::ConsistentHash;
use crate::model::virtual_service::{HttpRoute, VirtualService};
use crate::rules::Report;

/// Envoy chooses among weighted destinations by chance, before a consistent hash chooses an endpoint of the one chosen.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for service in &mesh.resources.virtual_services {
        for route in &service.spec.http {
            let weighted = route.route.iter().filter(|route| route.weight.is_some_and(|weight| weight.value > 0));
            if weighted.count() < 2 {
                continue;
            }
            let Some((rule, hash)) = hash_of(mesh, service, route) else { continue };
            report
                .at(&service.meta, route.node.head(), "requests of one client are spread over weighted destinations")
                .label("the weights are drawn for every request, the hash only chooses within a destination")
                .related(hash.node.head(), format!("`{}` asks for a consistent hash", rule.rules[0].meta.name.value))
                .help("route by a header or cookie to keep a client on one version, or use one destination");
        }
    }
}

/// The consistent hash that holds for a destination of the route, for clients beside the VirtualService.
fn hash_of<'s, 'm>(
    mesh: &'s Mesh<'m>,
    service: &Object<'m, VirtualService<'m>>,
    route: &HttpRoute<'m>,
) -> Option<(&'s MergedRule<'m>, &'m ConsistentHash<'m>)> {
    route.route.iter().find_map(|weighted| {
        let destination = weighted.destination.as_ref()?;
        let full = mesh.full_name(destination.host?.value, service.meta.namespace);
        let target = mesh.service(&full, service.meta.namespace).service()?;
        let rule = mesh.destination_rule(service.meta.namespace, None, target)?;
        let subset = destination.subset.and_then(|subset| rule.subset(subset.value));
        let of_subset = subset.and_then(|subset| subset.subset.traffic_policy.as_deref());
        let balancer = of_subset.and_then(|policy| policy.load_balancer.as_deref());
        let balancer = balancer.or_else(|| rule.traffic_policy?.load_balancer.as_deref())?;
        Some((rule, balancer.consistent_hash.as_deref()?))
    })
}
