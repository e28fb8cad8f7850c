use crate::mesh::Mesh;
use crate::rules::Report;

/// Settings for a destination need one.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for service in &mesh.resources.virtual_services {
        for route in &service.spec.http {
            let answer =
                ["redirect", "directResponse"].into_iter().find_map(|key| Some((key, route.node.key_at(key)?)));
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
}
