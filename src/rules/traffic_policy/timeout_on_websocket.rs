use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::virtual_service::{HttpMatchRequest, VirtualService};
use crate::rules::Report;

/// A connection that was upgraded should not be cut by a timeout.
pub fn check<'m>(_: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    for route in &service.spec.http {
        let Some(timeout) = route.timeout.filter(|timeout| timeout.value.nanoseconds() > 0) else { continue };
        if route.r#match.iter().any(is_for_websockets) {
            report
                .at(&service.meta, timeout.at, format!("WebSockets end after {}", timeout.value))
                .label("the timeout is for the whole time that the connection is open")
                .help("leave the timeout out where there are WebSockets");
        }
    }
}

fn is_for_websockets(request: &HttpMatchRequest<'_>) -> bool {
    request.headers.iter().filter(|(name, _)| name.value.eq_ignore_ascii_case("upgrade")).any(|(_, text)| {
        let texts = [text.exact, text.prefix, text.regex];
        texts.into_iter().flatten().any(|text| text.value.to_ascii_lowercase().contains("websocket"))
    })
}
