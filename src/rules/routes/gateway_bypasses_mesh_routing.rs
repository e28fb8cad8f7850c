use std::borrow::Cow;
use std::cell::LazyCell;

use rustc_hash::FxHashMap;

use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::virtual_service::VirtualService;
use crate::rules::Report;

/// Traffic through a gateway should not miss the rules that sidecars have for its destination.
pub fn check<'m>(mesh: &Mesh<'m>, report: &mut Report) {
    let splitting = LazyCell::new(|| splitting_services(mesh));
    for service in mesh.resources.virtual_services.iter().filter(|service| !service.spec.is_delegate()) {
        if mesh.applies_to_sidecars(&service.spec) {
            continue;
        }
        for target in mesh.targets(service) {
            let subset = target.used.destination.subset.filter(|subset| !subset.is_empty());
            let Some(rules) = splitting.get(&target.full).filter(|_| subset.is_none() && !target.used.mirror) else {
                continue;
            };
            let name = rules.meta.full_name();
            report
                .at(&service.meta, target.host.at, format!("the rules of `{name}` do not hold for this traffic"))
                .label("goes to all pods of the service")
                .related(rules.meta.at(), "bound to sidecars only")
                .help("bind these rules to the gateway, too, or repeat them here");
        }
    }
}

/// The VirtualServices for sidecars only that divide the traffic of a host, by its full name.
fn splitting_services<'m>(mesh: &Mesh<'m>) -> FxHashMap<Cow<'m, str>, &'m Object<'m, VirtualService<'m>>> {
    let mut splitting = FxHashMap::default();
    let services = mesh
        .resources
        .virtual_services
        .iter()
        .filter(|service| mesh.applies_to_sidecars(&service.spec) && mesh.bound_gateways(service).next().is_none());
    for service in services.filter(|service| divides(&service.spec)) {
        for host in &service.spec.hosts {
            splitting.entry(mesh.full_name(host.value, service.meta.namespace)).or_insert(service);
        }
    }
    splitting
}

fn divides(service: &VirtualService<'_>) -> bool {
    let has_subset = |used: &crate::model::virtual_service::DestinationUse<'_, '_>| used.destination.subset.is_some();
    service.http.iter().any(|http| http.route.len() > 1 || http.destinations().any(|used| has_subset(&used)))
        || service.http.iter().filter(|http| !http.route.is_empty()).count() > 1
}
