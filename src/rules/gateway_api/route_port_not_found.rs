use crate::mesh::{Mesh, TargetPort};
use crate::rules::Report;

use super::references::{routes, services};

/// Routes that name a port which their Service does not have.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for reference in routes(mesh).flat_map(services) {
        let host = mesh.settings.service_host(reference.name.value, reference.namespace);
        let Some(service) = mesh.services_named(&host).find(|service| service.is_kubernetes()) else { continue };
        let name = reference.name.value;
        let Some(port) = reference.port else {
            if !reference.parent {
                report
                    .at(reference.meta, reference.name.at, format!("a route to Service `{name}` must name a port"))
                    .label("requests are answered with `500`")
                    .help("add `port`");
            }
            continue;
        };
        if service.port(port.value).is_some() || service.ports.is_empty() {
            continue;
        }
        let draft = report
            .at(reference.meta, port.at, format!("Service `{name}` has no port {}", port.value))
            .label("requests are answered with `500`")
            .related(service.at, "the Service");
        let meant = service.ports.iter().find(|own| own.target == TargetPort::Number(port.value));
        match (meant, &service.ports[..]) {
            (Some(own), _) => draft.help(format!("write {}: the port of the Service, not of its pods", own.number)),
            (None, [only]) => draft.help(format!("write {}", only.number)),
            (None, _) => draft.help("name a port of the Service"),
        };
    }
}
