use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::virtual_service::VirtualService;
use crate::rules::Report;

use super::listener_ports;

/// The authority must be compared as clients send it.
pub fn check<'m>(mesh: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    if service.spec.is_delegate() {
        return;
    }
    let routes = mesh.http_routes(service);
    for (route, http) in routes.iter().filter(|route| std::ptr::eq(route.owner, service)).map(|own| (own, own.route)) {
        for (request, found) in http.r#match.iter().zip(&route.matches) {
            let Some(exact) = request.authority.as_deref().and_then(|authority| authority.exact) else { continue };
            if exact.value.contains(':') || exact.is_placeholder() {
                continue;
            }
            let ports = listener_ports(mesh, service, [&found.predicate].into_iter());
            let all: Vec<_> = ports.gateways.union(&ports.sidecars).copied().collect();
            let [first, ..] = all.as_slice() else { continue };
            if all.contains(&80) || all.contains(&443) {
                continue;
            }
            report
                .at(&service.meta, exact.at, format!("clients send `{}:{first}`", exact.value))
                .label("compared with the header as it is sent, with its port")
                .help("use `prefix`, or write the port, too");
        }
    }
}
