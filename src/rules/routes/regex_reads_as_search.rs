use crate::format::Re2;
use crate::format::language::{Found, TextSet, find};
use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::virtual_service::{HttpMatchRequest, StringMatch, VirtualService};
use crate::rules::Report;

/// A regular expression must not look like a search for a start.
pub fn check<'m>(_: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    for request in service.spec.http.iter().flat_map(|http| &http.r#match) {
        for regex in texts(request).filter_map(|text| text.regex) {
            let Some(only) = regex.value.strip_prefix('^').and_then(|_| only_text(regex.value)) else { continue };
            if regex.value.ends_with('$') {
                continue;
            }
            report
                .at(&service.meta, regex.at, format!("`{}` matches only `{only}`", regex.value))
                .label("the whole text must match, not a part of it")
                .help("use `prefix`, or end the expression with `.*` or `$`");
        }
    }
}

fn texts<'s, 'm>(request: &'s HttpMatchRequest<'m>) -> impl Iterator<Item = &'s StringMatch<'m>> {
    let fields = [&request.uri, &request.scheme, &request.method, &request.authority];
    let maps = [&request.headers, &request.without_headers, &request.query_params];
    let of_maps = maps.into_iter().flat_map(|map| map.iter().map(|(_, text)| text));
    fields.into_iter().filter_map(|field| field.as_deref()).chain(of_maps)
}

/// The text that a regular expression matches, if it is one only.
fn only_text(regex: &str) -> Option<String> {
    let set = TextSet::regex(Re2::parse(regex).ok()?);
    let Found::Text(text) = find(&[&set], &[]) else { return None };
    (TextSet::exact(&text).lacks(&set) == Found::Nothing).then_some(text)
}
