use crate::mesh::matching::Proxies;
use crate::mesh::{Mesh, l4_routes};
use crate::model::virtual_service::{Section, VirtualService};
use crate::model::{Object, Read};
use crate::rules::Report;
use crate::rules::words::numbers;
use crate::yaml::Node;

use super::ports_of;

/// The port of a match must be one that something listens on.
pub fn check<'m>(mesh: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    if service.spec.is_delegate() {
        return;
    }
    let routes = mesh.http_routes(service);
    let http = routes.iter().filter(|route| std::ptr::eq(route.owner, service)).flat_map(|route| &route.matches);
    for found in http {
        if let Some((node, port)) = found.node.zip(found.predicate.port) {
            check_match(mesh, report, service, &found.predicate.proxies, node, port);
        }
    }
    for section in [Section::Tls, Section::Tcp] {
        for (predicate, node) in l4_routes(service, section).into_iter().flat_map(|route| route.matches) {
            if let Some((node, port)) = node.zip(predicate.port) {
                check_match(mesh, report, service, &predicate.proxies, node, port);
            }
        }
    }
}

fn check_match<'m>(
    mesh: &Mesh<'m>,
    report: &mut Report,
    service: &'m Object<'m, VirtualService<'m>>,
    proxies: &Proxies<'m>,
    node: Node<'m>,
    port: i64,
) {
    let Some(ports) = ports_of(mesh, service, proxies) else { return };
    let all: Vec<_> = ports.gateways.union(&ports.sidecars).copied().collect();
    if all.is_empty() || all.contains(&port) {
        return;
    }
    let at = node.get("port").and_then(crate::model::Int::read).map_or(node.head(), |port| port.at);
    report
        .at(&service.meta, at, format!("no request comes in on port {port}"))
        .label("the match never holds")
        .help(format!("it can be {}", numbers("port", &all)));
}
