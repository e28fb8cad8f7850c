use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::virtual_service::VirtualService;
use crate::rules::Report;

/// Names of routes stand in access logs and statistics.
pub fn check<'m>(_: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    for route in service.spec.http.iter().filter(|route| route.name.is_none()) {
        report
            .at(&service.meta, route.node.head(), "the route has no name")
            .label("access logs cannot say which route it was")
            .help("add `name`");
    }
}
