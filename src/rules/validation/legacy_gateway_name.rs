use crate::format::GatewayName;
use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::virtual_service::VirtualService;
use crate::rules::Report;

/// `name.namespace` is the old form of `namespace/name`. Matches of `http` and `tcp` can only repeat what is reported.
pub fn check<'m>(_: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    let in_tls = service.spec.tls.iter().flat_map(|route| &route.r#match).flat_map(|request| &request.gateways);
    for gateway in service.spec.gateways.iter().chain(in_tls).filter(|gateway| !gateway.is_placeholder()) {
        let Ok(GatewayName::Legacy { namespace, name, .. }) = GatewayName::parse(gateway.value) else { continue };
        report
            .at(&service.meta, gateway.at, format!("`{}` is the old way to name a Gateway", gateway.value))
            .help(format!("write `{namespace}/{name}`"));
    }
}
