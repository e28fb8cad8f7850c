use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::virtual_service::{StringMatchKind, VirtualService};
use crate::rules::Report;

/// A prefix is compared letter by letter, not segment by segment.
pub fn check<'m>(_: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    for matched in service.spec.http.iter().flat_map(|route| &route.r#match) {
        let Some(uri) = &matched.uri else { continue };
        let (Some(StringMatchKind::Prefix(prefix)), Some(text)) = (uri.kind(), uri.prefix) else { continue };
        let last = prefix.rsplit('/').next().unwrap_or_default();
        // A dot, a dash or a digit at the end shows that a part of a segment is meant.
        let is_segment = !last.is_empty() && last.chars().all(|letter| letter.is_ascii_alphabetic() || letter == '_');
        if !is_segment || text.is_placeholder() {
            continue;
        }
        report
            .at(&service.meta, text.at, format!("prefix `{prefix}` also matches `{prefix}-x`"))
            .label("a prefix may end within a segment of the path")
            .help(format!("match `exact: {prefix}` and `prefix: {prefix}/`, if that is meant"));
    }
}
