use std::collections::BTreeSet;

use crate::finding::Severity;
use crate::mesh::{Mesh, ServiceLookup};
use crate::model::Object;
use crate::model::virtual_service::{DestinationUse, VirtualService};
use crate::rules::Report;
use crate::rules::words::numbers;

use super::listener_ports;

/// A destination with several ports must have the port of the listener, or the route must name one.
pub fn check<'m>(mesh: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    for route in mesh.http_routes(service) {
        let portless = |used: &DestinationUse<'_, '_>| used.destination.port.is_none();
        if !route.route.destinations().any(|used| portless(&used)) {
            continue;
        }
        let listeners = listener_ports(mesh, service, route.matches.iter().map(|found| &found.predicate));
        for used in route.route.destinations().filter(portless) {
            let Some(host) = used.destination.host else { continue };
            let full = mesh.full_name(host.value, route.owner.meta.namespace);
            let ServiceLookup::Found(found) = mesh.service(&full, route.owner.meta.namespace) else { continue };
            let ports: BTreeSet<_> = found.ports.iter().map(|port| port.number).collect();
            let missing = |ports_in: &BTreeSet<i64>| ports_in.difference(&ports).copied().collect::<Vec<_>>();
            let (gateways, mesh_only) = (missing(&listeners.gateways), missing(&listeners.sidecars));
            let without = if gateways.is_empty() { &mesh_only } else { &gateways };
            if ports.len() < 2 || without.is_empty() {
                continue;
            }
            let text = format!("`{}` has several ports, but not {}", host.value, numbers("port", without));
            let ports: Vec<_> = ports.into_iter().collect();
            let draft = report
                .at(&route.owner.meta, host.at, text)
                .label("the port that the request came in on is taken, for which there is no cluster")
                .related(found.at, format!("it has {}", numbers("port", &ports)))
                .help("name the port of the destination");
            if gateways.is_empty() {
                draft.severity(Severity::Warning);
            }
        }
    }
}
