use crate::mesh::Mesh;
use crate::rules::Report;

use super::layer7::routing;

/// A waypoint goes by the routes and settings in the namespace of the service.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for routing in routing(mesh) {
        let services = routing.services(mesh);
        let foreign = services.iter().find(|(_, service)| {
            service.is_kubernetes() && service.namespace != routing.meta.namespace && mesh.is_ambient(service.namespace)
        });
        let Some((host, service)) = foreign else { continue };
        report
            .at(routing.meta, host.at, format!("`{}` is a service of namespace `{}`", service.host, service.namespace))
            .label("its waypoint goes by what is in that namespace")
            .related(service.at, "the service")
            .help(format!("move this to namespace `{}`", service.namespace));
    }
}
