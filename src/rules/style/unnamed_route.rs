use crate::mesh::Mesh;
use crate::rules::Report;

/// Names of routes stand in access logs and statistics.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for service in &mesh.resources.virtual_services {
        for route in service.spec.http.iter().filter(|route| route.name.is_none()) {
            report
                .at(&service.meta, route.node.head(), "the route has no name")
                .label("access logs cannot say which route it was")
                .help("add `name`");
        }
    }
}
