use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::destination_rule::DestinationRule;
use crate::model::virtual_service::VirtualService;
use crate::rules::Report;

use super::layer7::Routing;

/// Routes and settings of requests for what no waypoint serves.
pub fn check_virtual_service<'m>(mesh: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    Routing::of_virtual_service(mesh, service).into_iter().for_each(|routing| check(mesh, &routing, report));
}

pub fn check_destination_rule<'m>(mesh: &Mesh<'m>, rule: &'m Object<'m, DestinationRule<'m>>, report: &mut Report) {
    Routing::of_destination_rule(mesh, rule).into_iter().for_each(|routing| check(mesh, &routing, report));
}

fn check<'m>(mesh: &Mesh<'m>, routing: &Routing<'m>, report: &mut Report) {
    let services = routing.services(mesh);
    let unserved = services
        .iter()
        .find(|(_, service)| mesh.is_ambient(service.namespace) && !mesh.is_enrolled_service(service))
        .map(|(host, service)| (*host, format!("`{}`", service.host)));
    let namespace = routing.meta.namespace;
    let own = || {
        let host = routing.hosts.iter().find(|host| host.value != "*")?;
        let meta = mesh.namespace(namespace)?;
        let unserved = mesh.is_ambient(namespace) && !mesh.is_enrolled(&meta.labels, namespace);
        (services.is_empty() && unserved).then(|| (*host, format!("namespace `{namespace}`")))
    };
    let Some((host, what)) = unserved.or_else(own) else { return };
    report
        .at(routing.meta, host.at, format!("no waypoint serves {what}"))
        .label("this has no effect in ambient mode: ztunnel sees connections, not requests")
        .help("label the service or the namespace with `istio.io/use-waypoint`");
}
