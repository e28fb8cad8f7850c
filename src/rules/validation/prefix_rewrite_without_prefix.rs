use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::virtual_service::{StringMatchKind, VirtualService};
use crate::rules::Report;

/// Only a prefix that was matched can be replaced.
pub fn check<'m>(_: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    for route in &service.spec.http {
        let Some(prefix_rewrite) = route.redirect.as_ref().and_then(|redirect| redirect.prefix_rewrite) else {
            continue;
        };
        if prefix_rewrite.is_empty() || prefix_rewrite.is_placeholder() {
            continue;
        }
        let uris = route.r#match.iter().filter_map(|request| request.uri.as_deref());
        for uri in uris {
            if matches!(uri.kind(), Some(StringMatchKind::Exact(_) | StringMatchKind::Regex(_))) {
                report
                    .at(&service.meta, uri.node.head(), "the redirect replaces a prefix, but this matches none")
                    .related(prefix_rewrite.at, "the prefix is replaced here")
                    .help("match with `prefix`, or redirect with `uri`");
            }
        }
    }
}
