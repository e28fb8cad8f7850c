use std::collections::BTreeSet;

use crate::mesh::{Mesh, ServiceLookup};
use crate::rules::Report;

/// The services behind a Gateway must be exported to where its proxies run.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for service in mesh.resources.virtual_services.iter().filter(|service| !service.spec.gateways.is_empty()) {
        let gateways = mesh.bound_gateways(service).filter_map(|bound| bound.gateway.found());
        let gateways = gateways.filter(|gateway| !gateway.spec.selector.is_empty());
        let proxies: BTreeSet<_> = gateways
            .flat_map(|gateway| {
                mesh.gateway_workloads(gateway).iter().map(|workload| workload.namespace).collect::<Vec<_>>()
            })
            .collect();
        for used in service.spec.destinations() {
            let Some(host) = used.destination.host else { continue };
            let full = mesh.full_name(host.value, service.meta.namespace);
            // Whoever cannot see it itself has made another mistake.
            let ServiceLookup::Found(_) = mesh.service(&full, service.meta.namespace) else { continue };
            let hidden = proxies.iter().find_map(|namespace| match mesh.service(&full, namespace) {
                ServiceLookup::Hidden(found) => Some((namespace, found)),
                _ => None,
            });
            let Some((namespace, found)) = hidden else { continue };
            let message = format!("the gateway in namespace `{namespace}` does not see `{full}`");
            let draft =
                report.at(&service.meta, host.at, message).label("requests get 503 there: it has no cluster of it");
            draft
                .related(found.at, format!("not exported to `{namespace}`"))
                .help(format!("export the service to `{namespace}`, where the proxies run"));
        }
    }
}
