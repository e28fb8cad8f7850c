use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::virtual_service::VirtualService;
use crate::rules::Report;

/// A route must say what becomes of the requests, and a VirtualService must have one.
pub fn check<'m>(_: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    if service.spec.sections().is_empty() {
        let node = service.spec.node;
        let at = ["http", "tls", "tcp"].iter().find_map(|section| node.key_at(section));
        report
            .at(&service.meta, at.unwrap_or(service.meta.at()), "the VirtualService has no routes")
            .help("add routes to `http`, `tls` or `tcp`");
    }
    for route in &service.spec.http {
        let acts = !route.route.is_empty()
            || ["redirect", "directResponse", "delegate"].iter().any(|field| route.node.has(field));
        if !acts {
            report
                .at(&service.meta, route.node.head(), "the route does not say what becomes of the requests")
                .help("add `route`, `redirect`, `directResponse` or `delegate`");
        }
    }
}
