use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::virtual_service::{HttpMatchRequest, StringMatchKind, VirtualService};
use crate::rules::Report;

/// A rewrite takes the place of exactly what the prefix matched.
pub fn check<'m>(_: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    for route in &service.spec.http {
        let Some(uri) = route.rewrite.as_ref().and_then(|rewrite| rewrite.uri) else { continue };
        let prefixes = route.r#match.iter().filter_map(prefix);
        for prefix in prefixes {
            let Some(example) = mangled(prefix, uri.value) else { continue };
            let (path, rewritten) = example;
            report
                .at(&service.meta, uri.at, format!("`{path}` becomes `{rewritten}`"))
                .label(format!("takes the place of `{prefix}`, letter by letter"))
                .help("let the prefix and the rewrite both end in `/`, or both not");
        }
    }
}

/// The prefix that a match compares with; `/` if it says nothing of the path.
fn prefix<'a>(matched: &HttpMatchRequest<'a>) -> Option<&'a str> {
    match matched.uri.as_ref().map(|uri| uri.kind()) {
        None | Some(None) => Some("/"),
        Some(Some(StringMatchKind::Prefix(prefix))) => Some(prefix),
        Some(Some(_)) => None,
    }
}

/// A path that comes out with two slashes, or without one between segments.
fn mangled(prefix: &str, rewrite: &str) -> Option<(String, String)> {
    match (prefix.ends_with('/'), rewrite.ends_with('/')) {
        (false, true) => Some((format!("{prefix}/a"), format!("{rewrite}/a"))),
        (true, false) if !rewrite.is_empty() => Some((format!("{prefix}a"), format!("{rewrite}a"))),
        _ => None,
    }
}
