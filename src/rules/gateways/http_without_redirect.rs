use rustc_hash::FxHashSet;

use crate::mesh::{GatewayProxy, Mesh, ServerRef};
use crate::rules::Report;

/// A host that has HTTPS should not be served over plain HTTP, too.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    let mut seen = FxHashSet::default();
    for proxy in mesh.gateway_proxies() {
        let secured: FxHashSet<&str> = secured(&proxy).collect();
        for server in proxy.servers().filter(|server| server.protocol().is_http() && !redirects(server)) {
            let Some((_, host, text)) = server.hosts().find(|(_, host, _)| secured.contains(host)) else { continue };
            if seen.insert(text.at) && !has_redirect(mesh, &server) {
                report
                    .at(&server.gateway.meta, text.at, format!("`{host}` is served over plain HTTP besides HTTPS"))
                    .label("passwords and cookies of whoever comes this way can be read")
                    .help("set `tls: {httpsRedirect: true}` on this server");
            }
        }
    }
}

fn secured<'p>(proxy: &'p GatewayProxy<'_>) -> impl Iterator<Item = &'p str> {
    proxy
        .servers()
        .filter(ServerRef::terminates_tls)
        .flat_map(|server| server.hosts().map(|(_, host, _)| host).collect::<Vec<_>>())
}

fn redirects(server: &ServerRef<'_>) -> bool {
    server.server.tls.as_ref().and_then(|tls| tls.https_redirect).is_some_and(|on| on.value)
}

/// Whether a VirtualService of the Gateway redirects to HTTPS.
fn has_redirect(mesh: &Mesh<'_>, server: &ServerRef<'_>) -> bool {
    let services = mesh.virtual_services_of_gateway(&server.gateway.meta);
    let mut redirects = services.flat_map(|service| &service.spec.http).filter_map(|route| route.redirect.as_ref());
    redirects.any(|redirect| redirect.scheme.is_some_and(|scheme| scheme.value.eq_ignore_ascii_case("https")))
}
