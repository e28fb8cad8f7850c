use crate::mesh::Mesh;
use crate::rules::Report;

use super::layer7::routing;

/// Routes and settings of requests for what no waypoint serves.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for routing in routing(mesh) {
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
        let Some((host, what)) = unserved.or_else(own) else { continue };
        report
            .at(routing.meta, host.at, format!("no waypoint serves {what}"))
            .label("this has no effect in ambient mode: ztunnel sees connections, not requests")
            .help("label the service or the namespace with `istio.io/use-waypoint`");
    }
}
