use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

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

/// Of those that conflict so many are named.
const NAMED: usize = 5;

/// A client must find one VirtualService for a host.
pub fn check<'m>(mesh: &Mesh<'m>, report: &mut Report) {
    for (host, claims) in contested_hosts(mesh) {
        let servers: Vec<_> = claims.into_iter().map(|(service, host)| Server::new(mesh, service, host)).collect();
        let by_namespace = by_namespace(&servers);
        for (index, server) in servers.iter().enumerate() {
            let rivals = rivals(&servers, &by_namespace, index);
            let [first, ..] = rivals.as_slice() else { continue };
            let mut draft = report
                .at(&server.service.meta, server.service.meta.at(), format!("`{host}` has several VirtualServices"))
                .label("sidecars use only the oldest one")
                .related(server.host.at, "served here");
            for rival in &rivals {
                draft = draft.related(rival.host.at, format!("and by `{}`", rival.service.meta.full_name()));
            }
            let name = first.service.meta.full_name();
            draft.help(match example(mesh, server) {
                Some(request) => format!("{request} follows `{name}`, if that is older: put their rules into one"),
                None => format!("put the rules of this one and of `{name}` into one VirtualService"),
            });
        }
    }
}

type Claim<'m> = (&'m Object<'m, VirtualService<'m>>, Str<'m>);

/// The hosts, in lower case, that several VirtualServices have for sidecars.
fn contested_hosts<'m>(mesh: &Mesh<'m>) -> Vec<(String, Vec<Claim<'m>>)> {
    let mut hosts: FxHashMap<String, Vec<Claim<'m>>> = FxHashMap::default();
    let services = mesh.resources.virtual_services.iter();
    for service in services.filter(|service| mesh.applies_to_sidecars(&service.spec)) {
        for host in service.spec.hosts.iter().filter(|host| !host.is_placeholder()) {
            let full = mesh.full_name(host.value, service.meta.namespace).to_ascii_lowercase();
            let claims = hosts.entry(full).or_insert_with(|| Vec::with_capacity(1));
            // Nothing conflicts with itself.
            if claims.last().is_none_or(|(last, _)| !std::ptr::eq(*last, service)) {
                claims.push((service, *host));
            }
        }
    }
    let mut contested: Vec<_> = hosts.into_iter().filter(|(_, claims)| claims.len() > 1).collect();
    contested.sort_unstable_by(|(left, _), (right, _)| left.cmp(right));
    contested
}

/// The positions of what each namespace sees; of what all see under the empty name.
fn by_namespace<'m>(servers: &[Server<'m>]) -> BTreeMap<&'m str, Vec<usize>> {
    let mut index: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (at, server) in servers.iter().enumerate() {
        let names = match &server.export_to {
            ExportTo::All => &[""][..],
            ExportTo::Nobody => &[],
            ExportTo::Namespaces(names) => names,
        };
        names.iter().for_each(|name| index.entry(*name).or_default().push(at));
    }
    index
}

/// The first of those that conflict with the server at `own`.
fn rivals<'s, 'm>(
    servers: &'s [Server<'m>],
    by_namespace: &BTreeMap<&str, Vec<usize>>,
    own: usize,
) -> Vec<&'s Server<'m>> {
    let server = &servers[own];
    let visible: Vec<&Vec<usize>> = match &server.export_to {
        ExportTo::All => by_namespace.values().collect(),
        ExportTo::Nobody => Vec::new(),
        ExportTo::Namespaces(names) => names.iter().chain([&""]).filter_map(|name| by_namespace.get(name)).collect(),
    };
    let mut found = BTreeSet::new();
    for &other in visible.into_iter().flatten().filter(|other| **other != own) {
        if server.conflicts(&servers[other]) && found.insert(other) && found.len() == NAMED {
            break;
        }
    }
    found.into_iter().map(|other| &servers[other]).collect()
}

/// A request or connection that the rules of a VirtualService are for.
fn example(mesh: &Mesh<'_>, server: &Server<'_>) -> Option<String> {
    let routes = mesh.http_routes(server.service);
    let mut http = routes.iter().flat_map(|route| &route.matches).map(|found| &found.predicate);
    let request = http.find(|own| own.proxies.includes_mesh()).and_then(|own| own.witness());
    request.map(|request| request.to_host(server.host.value).to_string()).or_else(|| {
        let sections = [Section::Tls, Section::Tcp].into_iter();
        let routes: Vec<_> = sections.flat_map(|section| l4_routes(server.service, section)).collect();
        let mut l4 = routes.iter().flat_map(|route| &route.matches).map(|(own, _)| own);
        Some(l4.find(|own| own.proxies.includes_mesh())?.witness()?.to_string())
    })
}

impl<'m> Server<'m> {
    fn new(mesh: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, host: Str<'m>) -> Self {
        let (http, l4) = ports(mesh, service);
        Self { service, host, export_to: mesh.virtual_service_export(service), http, l4 }
    }

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
