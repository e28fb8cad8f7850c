use crate::format::GatewayName;
use crate::mesh::Mesh;
use crate::model::virtual_service::VirtualService;
use crate::model::{Object, Str};
use crate::rules::Report;

/// Names that no Gateway can have. istiod stops at the first name without a namespace (`validateGatewayNames` in
/// pkg/config/validation/validation.go), and takes what comes after it.
pub fn check<'m>(_: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    for list in lists(&service.spec) {
        let last = list.iter().position(|name| !name.contains('/')).unwrap_or(list.len());
        for name in list.iter().take(last + 1).filter(|name| !name.is_empty() && !name.is_placeholder()) {
            let Err(reason) = GatewayName::parse(name.value) else { continue };
            let draft = report.at(&service.meta, name.at, reason.message());
            if let Some(help) = reason.instruction() {
                draft.help(help);
            }
        }
    }
}

fn lists<'v, 'a>(service: &'v VirtualService<'a>) -> impl Iterator<Item = &'v [Str<'a>]> {
    let http = service.http.iter().flat_map(|route| &route.r#match).map(|request| &request.gateways);
    let tls = service.tls.iter().flat_map(|route| &route.r#match).map(|request| &request.gateways);
    let tcp = service.tcp.iter().flat_map(|route| &route.r#match).map(|request| &request.gateways);
    std::iter::once(&service.gateways).chain(http).chain(tls).chain(tcp).map(Vec::as_slice)
}
