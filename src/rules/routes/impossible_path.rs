use crate::mesh::Mesh;
use crate::model::virtual_service::StringMatchKind;
use crate::rules::Report;

/// The path that Envoy compares begins with a slash and has no query.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for service in &mesh.resources.virtual_services {
        for matched in service.spec.http.iter().flat_map(|route| &route.r#match) {
            let Some(uri) = &matched.uri else { continue };
            let (Some(StringMatchKind::Exact(path) | StringMatchKind::Prefix(path)), Some(text)) =
                (uri.kind(), uri.text())
            else {
                continue;
            };
            // `OPTIONS *` has no path, and an empty prefix is any path.
            if text.is_placeholder() || path.is_empty() || uri.exact.is_some() && path == "*" {
                continue;
            }
            let label = if !path.starts_with('/') {
                "paths begin with `/`"
            } else if path.contains(['?', '#']) {
                "the query is no part of the path: match `queryParams`"
            } else if path.contains(char::is_whitespace) {
                "paths have no spaces: write `%20`"
            } else {
                continue;
            };
            report
                .at(
                    &service.meta,
                    matched.node.key_at("uri").unwrap_or(text.at),
                    format!("no path is `{path}` or begins so"),
                )
                .label(label)
                .help("correct the path: no request matches this");
        }
    }
}
