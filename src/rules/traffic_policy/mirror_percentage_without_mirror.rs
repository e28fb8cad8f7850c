use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::virtual_service::VirtualService;
use crate::rules::Report;

/// A share of the requests to be mirrored, and nowhere to mirror them to.
pub fn check<'m>(_: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    for route in service.spec.http.iter().filter(|route| route.mirror.is_none()) {
        let keys = ["mirrorPercentage", "mirrorPercent", "mirror_percent"];
        let Some((key, at)) = keys.into_iter().find_map(|key| Some((key, route.node.key_at(key)?))) else {
            continue;
        };
        report
            .at(&service.meta, at, format!("`{key}` without `mirror`"))
            .label("nothing is mirrored; entries of `mirrors` have a percentage of their own")
            .help("add the `mirror`, or remove the percentage");
    }
}
