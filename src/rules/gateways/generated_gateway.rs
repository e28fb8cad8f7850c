use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::virtual_service::VirtualService;
use crate::rules::Report;

/// No VirtualService should name a Gateway that istiod makes from one of the Gateway API.
pub fn check<'m>(mesh: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    for bound in mesh.bound_gateways(service).filter(|bound| bound.is_generated()) {
        let message = format!("`{}` is an internal name of istiod", bound.text.value);
        report
            .at(&service.meta, bound.text.at, message)
            .label("made from a Gateway of the Gateway API, and subject to change")
            .help("write an HTTPRoute for the Gateway, or declare a Gateway of `networking.istio.io`");
    }
}
