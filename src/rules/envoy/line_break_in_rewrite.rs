use crate::mesh::Mesh;
use crate::model::virtual_service::{HttpRoute, VirtualService};
use crate::model::{Object, Str};
use crate::rules::Report;

use super::ROUTES_REFUSED;

/// What becomes a header of a request or response has one line.
pub fn check<'m>(_: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    for text in service.spec.http.iter().flat_map(written_texts) {
        if text.contains(['\n', '\r', '\0']) {
            report
                .at(&service.meta, text.at, "a path or host cannot have a line break")
                .label(ROUTES_REFUSED)
                .help("write it on one line; `|` keeps line breaks, `>-` does not");
        }
    }
}

fn written_texts<'a>(route: &HttpRoute<'a>) -> Vec<Str<'a>> {
    let rewrite = route.rewrite.iter().flat_map(|rewrite| {
        let substitution = rewrite.uri_regex_rewrite.as_ref().and_then(|regex| regex.rewrite);
        [rewrite.uri, rewrite.authority, substitution]
    });
    let redirect = route.redirect.iter().flat_map(|redirect| [redirect.uri, redirect.authority]);
    rewrite.chain(redirect).flatten().collect()
}
