use crate::mesh::Mesh;
use crate::mesh::matching::is_no_path;
use crate::model::Object;
use crate::model::virtual_service::{StringMatchKind, VirtualService};
use crate::rules::Report;

/// The path that Envoy compares begins with a slash and has no query.
pub fn check<'m>(_: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    for matched in service.spec.http.iter().flat_map(|route| &route.r#match) {
        let Some(uri) = &matched.uri else { continue };
        let (Some(kind), Some(text)) = (uri.kind(), uri.text().filter(|text| !text.is_placeholder())) else {
            continue;
        };
        let message = match kind {
            // `OPTIONS *` has no path.
            StringMatchKind::Exact("*") => continue,
            StringMatchKind::Exact(path) => format!("no path is `{path}`"),
            StringMatchKind::Prefix(path) => format!("no path is `{path}` or begins so"),
            StringMatchKind::Regex(path) => format!("no path matches `{path}`"),
        };
        let is_regex = matches!(kind, StringMatchKind::Regex(_));
        let label = if !is_regex && text.contains(char::is_whitespace) {
            "paths have no spaces: write `%20`"
        } else if !is_no_path(uri).is_yes() {
            continue;
        } else if text.contains(['?', '#']) && text.starts_with('/') {
            "the query is no part of the path: match `queryParams`"
        } else {
            "paths begin with `/`"
        };
        report
            .at(&service.meta, matched.node.key_at("uri").unwrap_or(text.at), message)
            .label(label)
            .help("correct the path: no request matches this");
    }
}
