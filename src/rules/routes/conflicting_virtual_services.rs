use std::collections::{BTreeMap, BTreeSet};

use crate::mesh::matching::Proxies;
use crate::mesh::{ExportTo, Mesh, l4_routes};
use crate::model::virtual_service::{Section, VirtualService};
use crate::model::{Object, Str};
use crate::rules::Report;

/// What a VirtualService has for the sidecars of a host.
struct Server<'m> {
    service: &'m Object<'m, VirtualService<'m>>,
    host: Str<'m>,
    export_to: ExportTo<'m>,
    /// Ports with HTTP routes, and with routes of TLS or TCP; `None` is any.
    http: BTreeSet<Option<i64>>,
    l4: BTreeSet<Option<i64>>,
}

/// A client must find one VirtualService for a host.
pub fn check<'m>(mesh: &Mesh<'m>, report: &mut Report) {
    let mut hosts: BTreeMap<String, Vec<Server<'m>>> = BTreeMap::new();
    let services = mesh.resources.virtual_services.iter();
    for service in services.filter(|service| mesh.applies_to_sidecars(&service.spec)) {
        let (http, l4) = ports(mesh, service);
        let mut seen = BTreeSet::new();
        for host in &service.spec.hosts {
            let full = mesh.full_name(host.value, service.meta.namespace).to_ascii_lowercase();
            if !seen.insert(full.clone()) || host.is_placeholder() {
                continue;
            }
            let export_to = mesh.virtual_service_export(service);
            let server = Server { service, host: *host, export_to, http: http.clone(), l4: l4.clone() };
            hosts.entry(full).or_default().push(server);
        }
    }
    for (host, servers) in hosts {
        for (index, server) in servers.iter().enumerate() {
            let others = servers.iter().enumerate().filter(|(other, _)| *other != index).map(|(_, other)| other);
            let rivals: Vec<_> = others.filter(|other| server.conflicts(other)).collect();
            let [first, ..] = rivals.as_slice() else { continue };
            let mut draft = report
                .at(&server.service.meta, server.service.meta.at(), format!("`{host}` has several VirtualServices"))
                .label("sidecars use only the oldest one")
                .related(server.host.at, "served here");
            for rival in rivals.iter().take(5) {
                draft = draft.related(rival.host.at, format!("and by `{}`", rival.service.meta.full_name()));
            }
            let name = first.service.meta.full_name();
            draft.help(format!("put the rules of this one and of `{name}` into one VirtualService"));
        }
    }
}

impl Server<'_> {
    fn conflicts(&self, other: &Self) -> bool {
        let shared = |own: &BTreeSet<Option<i64>>, theirs: &BTreeSet<Option<i64>>| {
            let any = own.contains(&None) || theirs.contains(&None);
            !own.is_empty() && !theirs.is_empty() && (any || !own.is_disjoint(theirs))
        };
        self.export_to.meets(&other.export_to) && (shared(&self.http, &other.http) || shared(&self.l4, &other.l4))
    }
}

/// The ports on which a VirtualService has routes for sidecars: of HTTP, of TLS and TCP.
fn ports<'m>(
    mesh: &Mesh<'m>,
    service: &'m Object<'m, VirtualService<'m>>,
) -> (BTreeSet<Option<i64>>, BTreeSet<Option<i64>>) {
    let port = |proxies: &Proxies<'_>, port: Option<i64>| proxies.includes_mesh().then_some(port);
    let routes = mesh.http_routes(service);
    let http = routes.iter().flat_map(|route| &route.matches);
    let http = http.filter_map(|found| port(&found.predicate.proxies, found.predicate.port));
    let l4 = [Section::Tls, Section::Tcp].into_iter().flat_map(|section| l4_routes(service, section));
    let l4 = l4.flat_map(|route| route.matches);
    (http.collect(), l4.filter_map(|(found, _)| port(&found.proxies, found.port)).collect())
}
