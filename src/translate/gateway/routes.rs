//! Route configurations of gateways (istio 1.31 `pilot/pkg/networking/core/gateway.go`,
//! `buildGatewayHTTPRouteConfig`).

use std::collections::BTreeMap;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::envoy::route::{Route, RouteConfiguration, TlsRequirementType, VirtualHost};
use crate::format::Host;
use crate::mesh::GatewayReference;
use crate::translate::push::{Target, VirtualService};
use crate::translate::routes::{self, Environment, is_catch_all, with_port};
use crate::translate::scope::ScopedService;
use crate::translate::{Context, destinations};

use super::servers::{Server, Servers};

/// The route configurations that the listeners of a gateway name, in the order of the names.
pub(in crate::translate) fn configurations<'t>(
    context: &Context<'_, 't>,
    servers: &Servers<'t>,
    names: &[String],
) -> Vec<RouteConfiguration> {
    let of_names = names.iter().filter_map(|name| Some((name, servers.by_route_name.get(name)?)));
    of_names.map(|(name, of_name)| routes::configuration(name, virtual_hosts(context, servers, of_name))).collect()
}

fn virtual_hosts<'t>(context: &Context<'_, 't>, all: &Servers<'t>, servers: &[Server<'t>]) -> Vec<VirtualHost> {
    let mut table = Table::default();
    for server in servers {
        table.add(context, all, server);
    }
    if table.hosts.is_empty() {
        let port = servers.first().map_or(0, |server| server.number);
        return vec![nothing(port)];
    }
    table.finish(context)
}

/// Envoy answers 404 where there are no routes.
fn nothing(port: i64) -> VirtualHost {
    VirtualHost { name: with_port("blackhole", port), domains: vec!["*".to_owned()], ..Default::default() }
}

/// The hosts of a route configuration while it is made.
#[derive(Default)]
struct Table<'t> {
    /// By name in lower case.
    hosts: BTreeMap<String, HostRoutes>,
    /// The routes of VirtualServices.
    lists: Vec<Vec<Route>>,
    by_origin: FxHashMap<(GatewayReference<'t>, *const VirtualService<'t>), usize>,
}

struct HostRoutes {
    port: i64,
    /// Positions in [`Table::lists`], one for each VirtualService that adds routes.
    lists: Vec<usize>,
    require_tls: bool,
}

impl<'t> Table<'t> {
    fn add(&mut self, context: &Context<'_, 't>, all: &Servers<'t>, server: &Server<'t>) {
        for virtual_service in all.bound(server).usable(server) {
            let hosts = intersection(server, virtual_service);
            let Some(list) = self.list(context, server, virtual_service) else { continue };
            for host in hosts {
                let routes = self.host(server, host);
                routes.lists.push(list);
                routes.require_tls |= server.redirects_to_https();
            }
        }
        if server.redirects_to_https() {
            for own in server.hosts() {
                let host = match own.namespace {
                    Some(namespace) => format!("{namespace}/{}", own.host),
                    None => own.host.to_owned(),
                };
                self.host(server, &host).require_tls = true;
            }
        }
    }

    fn host(&mut self, server: &Server<'t>, host: &str) -> &mut HostRoutes {
        let new = || HostRoutes { port: server.number, lists: Vec::new(), require_tls: false };
        self.hosts.entry(host.to_ascii_lowercase()).or_insert_with(new)
    }

    /// The routes of a VirtualService for a gateway; `None` if it has none there. They are made for the first server that
    /// needs them, even if others have another port.
    fn list(
        &mut self,
        context: &Context<'_, 't>,
        server: &Server<'t>,
        virtual_service: &'t VirtualService<'t>,
    ) -> Option<usize> {
        let origin = (server.gateway(), std::ptr::from_ref(virtual_service));
        if let Some(&list) = self.by_origin.get(&origin) {
            return Some(list);
        }
        let routes = routes::routes(&Environment {
            context,
            virtual_service,
            gateway: server.gateway(),
            port: server.number,
            tls: server.tls().is_some(),
            cluster: &|target| cluster(context, virtual_service, target, server.number),
        });
        if routes.is_empty() {
            return None;
        }
        self.by_origin.insert(origin, self.lists.len());
        self.lists.push(routes);
        Some(self.lists.len() - 1)
    }

    /// Hosts with the routes of the same VirtualServices share a virtual host, which is called after the most specific.
    fn finish(self, context: &Context<'_, 't>) -> Vec<VirtualHost> {
        let mut hosts: Vec<_> = self.hosts.iter().collect();
        hosts.sort_by(|(left, _), (right, _)| Host::new(left).cmp(&Host::new(right)));
        let mut by_lists: FxHashMap<&[usize], usize> = FxHashMap::default();
        let mut made: Vec<(VirtualHost, &HostRoutes)> = Vec::new();
        for (host, routes) in hosts {
            if let Some(&at) = by_lists.get(routes.lists.as_slice())
                && made[at].1.require_tls == routes.require_tls
            {
                made[at].0.domains.push(host.clone());
                continue;
            }
            by_lists.insert(&routes.lists, made.len());
            let virtual_host = VirtualHost {
                name: with_port(host, routes.port),
                domains: vec![host.clone()],
                require_tls: if routes.require_tls { TlsRequirementType::All } else { TlsRequirementType::None },
                include_request_attempt_count: context.proxy.settings.headers.attempt_count,
                ..Default::default()
            };
            made.push((virtual_host, routes));
        }
        let mut virtual_hosts: Vec<_> = made
            .into_iter()
            .map(|(virtual_host, routes)| VirtualHost { routes: self.routes(routes), ..virtual_host })
            .collect();
        virtual_hosts.sort_by(|left, right| left.name.cmp(&right.name));
        virtual_hosts
    }

    /// Routes that take every request come last, whichever VirtualService they are of.
    fn routes(&self, of_host: &HostRoutes) -> Vec<Route> {
        let all = of_host.lists.iter().flat_map(|&list| &self.lists[list]);
        let takes_all = |route: &&Route| route.r#match.as_ref().is_some_and(is_catch_all);
        let (last, mut routes): (Vec<_>, Vec<_>) = all.partition(takes_all);
        routes.extend(last);
        routes.into_iter().cloned().collect()
    }
}

/// The hosts that a server and a VirtualService have in common: of two that meet, the narrower.
fn intersection<'h>(server: &Server<'h>, virtual_service: &'h VirtualService<'_>) -> FxHashSet<&'h str> {
    let exact: FxHashSet<&str> = virtual_service.hosts.iter().map(|host| &**host).collect();
    let wildcards: Vec<_> = exact.iter().map(|host| Host::new(host)).filter(|host| host.is_wildcard()).collect();
    let mut common = FxHashSet::default();
    for own in server.hosts_for(virtual_service.namespace()) {
        if exact.contains(own.as_str()) || wildcards.iter().any(|wildcard| own.subset_of(*wildcard)) {
            common.insert(own.as_str());
        }
        if own.is_wildcard() {
            common.extend(exact.iter().copied().filter(|host| Host::new(host).subset_of(own)));
        }
    }
    common
}

/// A destination is looked for in the namespace of the VirtualService first.
fn cluster<'t>(
    context: &Context<'_, 't>,
    virtual_service: &VirtualService<'t>,
    target: &Target<'t>,
    port: i64,
) -> String {
    let push = context.push;
    let beside = push
        .services_named(&target.host)
        .filter(|service| service.namespace() == virtual_service.namespace())
        .filter(|service| service.mesh.export_to.sees(context.proxy.namespace))
        .max_by_key(|service| service.is_kubernetes())
        .map(ScopedService::new);
    destinations::cluster(target, beside.as_ref().or_else(|| context.scope.service(&target.host)), port)
}
