use crate::format::JwtClaim;
use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::virtual_service::VirtualService;
use crate::rules::Report;

use super::wildcard_host_in_mesh::is_in_mesh;

/// Only gateways route by claims.
pub fn check<'m>(_: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    if !is_in_mesh(&service.spec) {
        return;
    }
    let matches = service.spec.http.iter().flat_map(|route| &route.r#match);
    let headers = matches.flat_map(|request| request.headers.iter().chain(request.without_headers.iter()));
    for (name, _) in headers.filter(|(name, _)| JwtClaim::parse(name.value).is_ok()) {
        report
            .at(&service.meta, name.at, format!("sidecars do not route by claims such as `{}`", name.value))
            .help("bind the VirtualService to gateways, and not to `mesh`");
    }
}
