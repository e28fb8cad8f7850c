use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::destination_rule::DestinationRule;
use crate::model::virtual_service::VirtualService;
use crate::rules::Report;

use super::layer7::Routing;

/// A waypoint goes by the routes and settings in the namespace of the service.
pub fn check_virtual_service<'m>(mesh: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    Routing::of_virtual_service(mesh, service).into_iter().for_each(|routing| check(mesh, &routing, report));
}

pub fn check_destination_rule<'m>(mesh: &Mesh<'m>, rule: &'m Object<'m, DestinationRule<'m>>, report: &mut Report) {
    Routing::of_destination_rule(mesh, rule).into_iter().for_each(|routing| check(mesh, &routing, report));
}

fn check<'m>(mesh: &Mesh<'m>, routing: &Routing<'m>, report: &mut Report) {
    let services = routing.services(mesh);
    let foreign = services.iter().find(|(_, service)| {
        service.is_kubernetes() && service.namespace != routing.meta.namespace && mesh.is_ambient(service.namespace)
    });
    let Some((host, service)) = foreign else { return };
    report
        .at(routing.meta, host.at, format!("`{}` is a service of namespace `{}`", service.host, service.namespace))
        .label("its waypoint goes by what is in that namespace")
        .related(service.at, "the service")
        .help(format!("move this to namespace `{}`", service.namespace));
}
