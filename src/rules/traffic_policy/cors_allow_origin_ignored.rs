use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::virtual_service::VirtualService;
use crate::rules::Report;

/// Only one list of origins counts.
pub fn check<'m>(_: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    for policy in service.spec.http.iter().filter_map(|route| route.cors_policy.as_ref()) {
        if policy.allow_origin.is_empty() || policy.allow_origins.is_empty() {
            continue;
        }
        let key = |name: &str| policy.node.key_at(name).unwrap_or(policy.node.head());
        report
            .at(&service.meta, key("allowOrigin"), "these origins are not allowed")
            .related(key("allowOrigins"), "only this list counts")
            .help("move them to `allowOrigins`, each as `exact`");
    }
}
