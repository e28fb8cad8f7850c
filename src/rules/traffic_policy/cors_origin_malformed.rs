use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::virtual_service::VirtualService;
use crate::rules::Report;

/// An exact origin must be one that browsers send.
pub fn check<'m>(_: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    for policy in service.spec.http.iter().filter_map(|route| route.cors_policy.as_ref()) {
        for origin in policy.allow_origins.iter().filter_map(|origin| origin.exact) {
            if is_origin(origin.value) || origin.is_placeholder() {
                continue;
            }
            report
                .at(&service.meta, origin.at, format!("no browser sends the origin `{}`", origin.value))
                .label("never allowed")
                .help("write scheme and host, as in `https://shop.example.com`");
        }
    }
}

fn is_origin(text: &str) -> bool {
    if text == "*" || text == "null" {
        return true;
    }
    let lower = !text.chars().any(|character| character.is_ascii_uppercase());
    text.split_once("://").is_some_and(|(scheme, rest)| !scheme.is_empty() && !rest.is_empty() && !rest.contains('/'))
        && lower
}
