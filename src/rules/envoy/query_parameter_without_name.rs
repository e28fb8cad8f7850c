use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::virtual_service::VirtualService;
use crate::rules::Report;

use super::ROUTES_REFUSED;

/// A match has to name the query parameter.
pub fn check<'m>(_: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    for request in service.spec.http.iter().flat_map(|route| &route.r#match) {
        for (name, _) in request.query_params.iter().filter(|(name, _)| name.is_empty()) {
            report
                .at(&service.meta, name.at, "a query parameter without a name")
                .label(ROUTES_REFUSED)
                .help("name the parameter, or remove the condition");
        }
    }
}
