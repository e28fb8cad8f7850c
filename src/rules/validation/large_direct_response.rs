use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::virtual_service::VirtualService;
use crate::rules::Report;

/// From where istiod warns; it refuses a mebibyte.
const LARGE: usize = 100 * 1024;

/// A body is part of the configuration of every proxy that has the route.
pub fn check<'m>(_: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    let responses = service.spec.http.iter().filter_map(|route| route.direct_response.as_deref());
    for body in responses.filter_map(|response| response.body.as_deref()) {
        let text = body.string.map(|text| (text.len(), text.at));
        let bytes = body.bytes.map(|text| (text.len() / 4 * 3, text.at));
        let Some((size, at)) = text.or(bytes).filter(|(size, _)| *size > LARGE) else { continue };
        report
            .at(&service.meta, at, format!("a body of {size} bytes"))
            .label("it is sent to every proxy with each push of the routes")
            .help("serve it from a workload");
    }
}
