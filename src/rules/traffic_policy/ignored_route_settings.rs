use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::virtual_service::VirtualService;
use crate::rules::Report;

/// Settings for a destination need one.
pub fn check<'m>(_: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    for route in &service.spec.http {
        let answer = ["redirect", "directResponse"].into_iter().find_map(|key| Some((key, route.node.key_at(key)?)));
        let Some((answer, answer_at)) = answer else { continue };
        for key in ["timeout", "retries", "mirror", "mirrors", "mirrorPercentage"] {
            let Some(at) = route.node.key_at(key) else { continue };
            report
                .at(&service.meta, at, format!("`{key}` has no effect beside `{answer}`"))
                .related(answer_at, "the proxy answers by itself")
                .help("remove it");
        }
    }
}
