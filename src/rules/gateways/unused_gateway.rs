use crate::mesh::{Mesh, ServerTraffic};
use crate::model::networking::Gateway;
use crate::model::{Kind, Object};
use crate::rules::Report;

/// A Gateway should have VirtualServices.
pub fn check<'m>(mesh: &Mesh<'m>, gateway: &'m Object<'m, Gateway<'m>>, report: &mut Report) {
    let namespace = gateway.meta.namespace;
    if mesh.virtual_services_of_gateway(&gateway.meta).len() > 0
        || !mesh.is_complete(Kind::VirtualService, namespace)
        || !needs_routes(mesh, gateway)
    {
        return;
    }
    report
        .at(&gateway.meta, gateway.meta.at(), format!("no VirtualService names Gateway `{}`", gateway.meta.full_name()))
        .label("its ports are open, and every request gets 404")
        .help("bind a VirtualService to it, or remove the Gateway");
}

/// Redirects and SNI routing work without VirtualServices.
fn needs_routes<'m>(mesh: &Mesh<'m>, gateway: &'m Object<'m, Gateway<'m>>) -> bool {
    mesh.servers(gateway).any(|server| {
        let redirects = server.server.tls.as_ref().and_then(|tls| tls.https_redirect).is_some_and(|on| on.value);
        !redirects && server.traffic() != ServerTraffic::None
    })
}
