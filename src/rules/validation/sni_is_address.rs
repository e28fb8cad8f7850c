use crate::format::Ip;
use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::virtual_service::VirtualService;
use crate::rules::Report;

/// Clients send no addresses as server names.
pub fn check<'m>(_: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    let requests = service.spec.tls.iter().flat_map(|route| &route.r#match);
    for sni in requests.flat_map(|request| &request.sni_hosts).filter(|sni| Ip::parse(sni.value).is_ok()) {
        report
            .at(&service.meta, sni.at, format!("server names are no addresses, such as `{}`", sni.value))
            .label("TLS sends names only, so that this never matches")
            .help("match the name, or use a `tcp` route with `destinationSubnets`");
    }
}
