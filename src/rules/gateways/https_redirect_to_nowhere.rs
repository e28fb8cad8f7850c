use rustc_hash::{FxHashMap, FxHashSet};

use crate::finding::Severity;
use crate::mesh::{GatewayProxy, Mesh, has_wildcard, host_matches};
use crate::model::virtual_service::HttpRedirect;
use crate::rules::{Report, words};
use crate::source::Span;

/// Where a redirect to HTTPS leads, a server must answer.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    let proxies: Vec<_> = mesh.gateway_proxies().into_iter().map(|proxy| (TlsHosts::of(&proxy), proxy)).collect();
    check_servers(&proxies, report);
    check_routes(mesh, &proxies, report);
}

/// Servers with `httpsRedirect`.
fn check_servers(proxies: &[(TlsHosts<'_>, GatewayProxy<'_>)], report: &mut Report) {
    let mut seen = FxHashSet::default();
    for (tls, proxy) in proxies {
        for server in proxy.servers() {
            let redirect = server.server.tls.as_ref().and_then(|tls| tls.https_redirect).filter(|on| on.value);
            let Some(redirect) = redirect.filter(|_| server.protocol().is_http()) else { continue };
            let hosts: Vec<_> = server.hosts().map(|(_, host, _)| host).filter(|host| !tls.serve(host)).collect();
            if !hosts.is_empty() && seen.insert(redirect.at) {
                let meta = &server.gateway.meta;
                let draft =
                    report.at(meta, redirect.at, format!("no server for HTTPS answers for {}", words::list(&hosts)));
                draft.severity(tls.severity()).label("clients are sent there, and refused").help(HELP);
            }
        }
    }
}

const HELP: &str = "add a server with protocol `HTTPS` for the host, or do not redirect";

/// Redirects of VirtualServices.
fn check_routes(mesh: &Mesh<'_>, proxies: &[(TlsHosts<'_>, GatewayProxy<'_>)], report: &mut Report) {
    let mut by_gateway: FxHashMap<Span, Vec<&TlsHosts<'_>>> = FxHashMap::default();
    for (tls, proxy) in proxies {
        proxy.gateways.iter().for_each(|gateway| by_gateway.entry(gateway.meta.at()).or_default().push(tls));
    }
    for service in mesh.resources.virtual_services.iter().filter(|service| !mesh.applies_to_sidecars(&service.spec)) {
        let redirects: Vec<_> = service
            .spec
            .http
            .iter()
            .filter(|route| route.redirect.as_ref().is_some_and(|redirect| is_to_https(redirect)))
            .collect();
        if redirects.is_empty() {
            continue;
        }
        let gateways: Option<Vec<_>> = mesh.bound_gateways(service).map(|bound| bound.gateway.found()).collect();
        let gateways =
            gateways.unwrap_or_default().into_iter().filter_map(|gateway| by_gateway.get(&gateway.meta.at()));
        let tls: Vec<_> = gateways.flatten().collect();
        let answered = |host: &str| tls.iter().any(|tls| tls.serve(host));
        if tls.is_empty() || service.spec.hosts.iter().any(|host| answered(host.value)) {
            continue;
        }
        let hosts: Vec<_> = service.spec.hosts.iter().map(|host| host.value).collect();
        for route in redirects {
            let at = route.node.key_at("redirect").unwrap_or(route.node.head());
            let message = format!("no server for HTTPS answers for {}", words::list(&hosts));
            let draft = report.at(&service.meta, at, message).severity(tls[0].severity());
            draft.label("clients are sent there, and refused").help(HELP);
        }
    }
}

/// A redirect that changes nothing but the scheme: the client returns to the same address.
fn is_to_https(redirect: &HttpRedirect<'_>) -> bool {
    redirect.scheme.is_some_and(|scheme| scheme.value.eq_ignore_ascii_case("https"))
        && redirect.authority.is_none()
        && redirect.port.is_none_or(|port| port.value == 443)
}

/// The hosts of the servers of a proxy that are for TLS.
struct TlsHosts<'m> {
    exact: FxHashSet<&'m str>,
    wildcards: FxHashSet<&'m str>,
}

impl<'m> TlsHosts<'m> {
    fn of(proxy: &GatewayProxy<'m>) -> Self {
        let servers = proxy.servers().filter(|server| server.protocol().is_tls());
        let hosts = servers.flat_map(|server| server.hosts().map(|(_, host, _)| host).collect::<Vec<_>>());
        let (wildcards, exact) = hosts.partition(|host| has_wildcard(host));
        Self { exact, wildcards }
    }

    fn serve(&self, host: &str) -> bool {
        let exact = || match has_wildcard(host) {
            true => self.exact.iter().any(|own| host_matches(own, host)),
            false => self.exact.contains(host),
        };
        exact() || self.wildcards.iter().any(|own| host_matches(own, host))
    }

    /// Without any server for TLS, another proxy in front may be the one that answers.
    fn severity(&self) -> Severity {
        if self.exact.is_empty() && self.wildcards.is_empty() { Severity::Warning } else { Severity::Error }
    }
}
