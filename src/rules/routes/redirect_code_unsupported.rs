use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::virtual_service::VirtualService;
use crate::rules::Report;

/// Envoy knows five codes for a redirect; for others istiod writes a route without action, which Envoy refuses.
pub fn check<'m>(_: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    for redirect in service.spec.http.iter().filter_map(|route| route.redirect.as_ref()) {
        let Some(code) = redirect.redirect_code else { continue };
        // What is no redirect at all is refused before.
        if !(300..400).contains(&code.value) || [301, 302, 303, 307, 308].contains(&code.value) {
            continue;
        }
        report
            .at(&service.meta, code.at, format!("Envoy has no redirect with the code {}", code.value))
            .label("Envoy refuses all routes of the listener, and keeps the old ones")
            .help("use 301, 302, 303, 307 or 308");
    }
}
