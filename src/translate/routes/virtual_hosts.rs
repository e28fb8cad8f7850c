//! The virtual hosts of a port of sidecars (istio 1.31 `pilot/pkg/networking/core/httproute.go`,
//! `BuildSidecarOutboundVirtualHosts`, and `route/route.go`, `BuildSidecarVirtualHostWrapper`).

use std::borrow::Cow;
use std::time::Duration;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::envoy::route::{Action, ClusterSpecifier, Decorator, Route, RouteAction, VirtualHost};
use crate::mesh::{GatewayReference, ServicePort, has_wildcard, host_matches};
use crate::translate::push::{Target, VirtualService};
use crate::translate::scope::{EgressListener, ScopedService};
use crate::translate::{Context, destinations, names};

use super::domains::{Client, Domains, bracketed, with_port};
use super::http::{self, Environment};
use super::{hashing, matching, retries};

/// The virtual hosts for what is reached through `listener` on `port`, in the order in which they take names from each
/// other. Without a port they are for all ports, for clients that see the listener as an HTTP proxy.
pub(super) fn virtual_hosts<'t>(
    context: &Context<'_, 't>,
    listener: &EgressListener<'t>,
    port: Option<i64>,
) -> Vec<VirtualHost> {
    let registry = Registry::new(listener, port);
    let sharing = groups(context, listener, &registry, port);
    Builder::new(context, port, &sharing).build(&sharing)
}

/// The services that can be asked for, by name in lower case; of several service objects the last counts.
struct Registry<'l, 't> {
    entries: Vec<Entry<'l, 't>>,
    by_host: FxHashMap<Cow<'t, str>, usize>,
    port: Option<i64>,
}

struct Entry<'l, 't> {
    host: Cow<'t, str>,
    service: &'l ScopedService<'t>,
}

/// Hosts that share the routes of a VirtualService, or a service that no VirtualService leads to.
struct Group<'l, 't> {
    port: i64,
    services: Vec<&'l Entry<'l, 't>>,
    /// Hosts of the VirtualService that are no services.
    foreign: Vec<String>,
    routes: Vec<Route>,
}

impl<'l, 't> Registry<'l, 't> {
    fn new(listener: &'l EgressListener<'t>, port: Option<i64>) -> Self {
        let mut registry = Self { entries: Vec::new(), by_host: FxHashMap::default(), port };
        for service in &listener.services {
            if port.is_some_and(|port| service.port(port).is_none()) {
                continue;
            }
            let host = lower_case(service.host());
            match registry.by_host.get(&host) {
                Some(&at) => registry.entries[at].service = service,
                None => {
                    registry.by_host.insert(host.clone(), registry.entries.len());
                    registry.entries.push(Entry { host, service });
                }
            }
        }
        registry
    }

    fn get(&self, host: &str) -> Option<&Entry<'l, 't>> {
        self.by_host.get(host).map(|&at| &self.entries[at])
    }

    /// The ports of a service that carry HTTP, or perhaps do.
    fn http_ports(&self, entry: &Entry<'l, 't>) -> impl Iterator<Item = &'t ServicePort<'t>> {
        let wanted = self.port;
        let ports = entry.service.ports().filter(move |port| wanted.is_none_or(|wanted| port.number == wanted));
        ports.filter(|port| port.protocol.is_http() || port.protocol.is_auto())
    }

    /// The cluster of a destination. Of a service only the port of the listener is known here, so that a destination
    /// without a port means that one.
    fn cluster(&self, target: &Target<'t>) -> String {
        let port = target.port.or(self.port);
        let service = self.get(&target.host).map(|entry| entry.service);
        destinations::cluster(&Target { port, ..target.clone() }, service, 0)
    }

    fn matching<'s, 'w>(&'s self, wildcard: &'w str) -> impl Iterator<Item = &'s Entry<'l, 't>> + use<'s, 'w, 'l, 't> {
        self.entries.iter().filter(move |entry| host_matches(&entry.host, wildcard))
    }
}

fn lower_case(text: &str) -> Cow<'_, str> {
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) { text.to_ascii_lowercase().into() } else { text.into() }
}

fn groups<'l, 't>(
    context: &Context<'_, 't>,
    listener: &'l EgressListener<'t>,
    registry: &'l Registry<'l, 't>,
    port: Option<i64>,
) -> Vec<Group<'l, 't>> {
    let mut groups = Vec::new();
    let mut led_to = FxHashSet::default();
    let usable = Usable::new(registry);
    for virtual_service in &listener.virtual_services {
        // On port 80 VirtualServices are for any host.
        if port == Some(80) || usable.leads_to_service(virtual_service) {
            groups.extend(groups_of(context, listener, registry, virtual_service, port));
        }
    }
    for group in &groups {
        led_to.extend(group.services.iter().map(|entry| &*entry.host));
    }
    for entry in &registry.entries {
        if led_to.contains(&*entry.host) || entry.service.service.is_alias() {
            continue;
        }
        groups.extend(registry.http_ports(entry).map(|port| Group {
            port: port.number,
            services: vec![entry],
            foreign: Vec::new(),
            routes: vec![default_route(context, &entry.host, port.number)],
        }));
    }
    groups
}

/// Tells which VirtualServices have something to do with the services.
struct Usable<'r, 'l, 't> {
    registry: &'r Registry<'l, 't>,
    wildcards: Vec<&'r str>,
}

impl<'r, 'l, 't> Usable<'r, 'l, 't> {
    fn new(registry: &'r Registry<'l, 't>) -> Self {
        let hosts = registry.entries.iter().map(|entry| &*entry.host);
        Self { registry, wildcards: hosts.filter(|host| has_wildcard(host)).collect() }
    }

    fn leads_to_service(&self, virtual_service: &VirtualService<'_>) -> bool {
        virtual_service.hosts.iter().any(|host| {
            let host = lower_case(host);
            self.registry.get(&host).is_some()
                || match has_wildcard(&host) {
                    true => self.registry.matching(&host).next().is_some(),
                    false => self.wildcards.iter().any(|wildcard| host_matches(wildcard, &host)),
                }
        })
    }
}

/// One for each port, and only if the VirtualService has routes for it.
fn groups_of<'l, 't>(
    context: &Context<'_, 't>,
    listener: &EgressListener<'t>,
    registry: &'l Registry<'l, 't>,
    virtual_service: &'t VirtualService<'t>,
    port: Option<i64>,
) -> Vec<Group<'l, 't>> {
    let environment = Environment {
        context,
        virtual_service,
        gateway: GatewayReference::Mesh,
        port: port.unwrap_or(0),
        tls: false,
        cluster: &|target| registry.cluster(target),
    };
    let routes = http::routes(&environment);
    if routes.is_empty() {
        return Vec::new();
    }
    let (mut services, foreign) = hosts(listener, registry, virtual_service);
    if virtual_service.has_route_semantics() {
        // Such a route is for the clients of its own namespace, or of the namespace of the service.
        let own = virtual_service.namespace();
        services.retain(|entry| own == entry.service.service.namespace() || own == context.proxy.namespace);
        if services.is_empty() {
            return Vec::new();
        }
    }
    let mut by_port: Vec<(i64, Vec<&Entry<'_, '_>>)> = Vec::new();
    for entry in services {
        for port in registry.http_ports(entry) {
            match by_port.iter_mut().find(|(number, _)| *number == port.number) {
                Some((_, services)) => services.push(entry),
                None => by_port.push((port.number, vec![entry])),
            }
        }
    }
    if by_port.is_empty() && port == Some(80) {
        by_port.push((80, Vec::new()));
    }
    let groups = by_port.into_iter().map(|(port, services)| Group {
        port,
        services,
        foreign: foreign.clone(),
        routes: routes.clone(),
    });
    groups.collect()
}

/// The hosts of a VirtualService that are services for which it is in force, and those that are no services at all.
fn hosts<'l, 't>(
    listener: &EgressListener<'t>,
    registry: &'l Registry<'l, 't>,
    virtual_service: &'t VirtualService<'t>,
) -> (Vec<&'l Entry<'l, 't>>, Vec<String>) {
    let (mut services, mut foreign) = (Vec::new(), Vec::new());
    let (wildcards, exact): (Vec<_>, Vec<_>) = virtual_service.hosts.iter().partition(|host| has_wildcard(host));
    for host in exact {
        let host = lower_case(host);
        match registry.get(&host) {
            Some(entry) => services.push(entry),
            None => foreign.push(host.into_owned()),
        }
    }
    for wildcard in wildcards.into_iter().map(|host| lower_case(host)) {
        let mut is_foreign = true;
        let matching = registry.matching(&wildcard).filter(|_| !virtual_service.has_route_semantics());
        for entry in matching {
            is_foreign = false;
            let in_force = listener.virtual_service_for(&entry.host);
            if in_force.is_some_and(|in_force| std::ptr::eq(in_force, virtual_service)) {
                services.push(entry);
            }
        }
        if is_foreign {
            foreign.push(wildcard.into_owned());
        }
    }
    (services, foreign)
}

/// The route of a service that no VirtualService leads to.
fn default_route(context: &Context<'_, '_>, host: &str, port: i64) -> Route {
    let config = context.push.mesh.settings.config.as_ref();
    let written = config.and_then(|config| config.default_http_retry_policy.as_deref());
    let action = RouteAction {
        cluster_specifier: Some(ClusterSpecifier::Cluster(names::outbound_cluster(port, "", host))),
        timeout: Some(Duration::ZERO),
        max_grpc_timeout: Some(Duration::ZERO),
        retry_policy: retries::policy(written, false),
        hash_policy: hashing::of_service(context, host, port).and_then(hashing::policy).into_iter().collect(),
        ..Default::default()
    };
    let decorator = Decorator { operation: format!("{host}:{port}/*"), ..Default::default() };
    Route {
        name: "default".to_owned(),
        r#match: Some(matching::everything()),
        action: Some(Action::Route(action)),
        decorator: Some(decorator),
        ..Default::default()
    }
}

/// Gives every virtual host the names that no other has.
struct Builder<'b, 't> {
    context: &'b Context<'b, 't>,
    client: Client<'b>,
    proxied: bool,
    full_names: FxHashSet<String>,
    used_names: FxHashSet<String>,
    used_domains: FxHashSet<String>,
}

impl<'b, 't> Builder<'b, 't> {
    fn new(context: &'b Context<'b, 't>, port: Option<i64>, groups: &[Group<'_, 't>]) -> Self {
        let mut full_names = FxHashSet::default();
        for group in groups {
            for entry in &group.services {
                full_names.insert(with_port(&entry.host, group.port));
                full_names.insert(entry.host.to_string());
            }
        }
        Self {
            context,
            client: Client::new(context),
            proxied: port.is_none(),
            full_names,
            used_names: FxHashSet::default(),
            used_domains: FxHashSet::default(),
        }
    }

    fn build(mut self, groups: &[Group<'_, 't>]) -> Vec<VirtualHost> {
        let mut virtual_hosts = Vec::new();
        for group in groups {
            for host in &group.foreign {
                let domains = Domains { all: vec![bracketed(host)], alternates: Vec::new() };
                virtual_hosts.extend(self.virtual_host(group, host, domains));
            }
            for entry in &group.services {
                let client = Client { with_port: self.proxied.then_some(group.port), ..self.client };
                let domains = client.domains(entry.service, &entry.host);
                virtual_hosts.extend(self.virtual_host(group, &entry.host, domains));
            }
        }
        virtual_hosts
    }

    /// `None` if others have taken its name or all its domains.
    fn virtual_host(&mut self, group: &Group<'_, 't>, host: &str, domains: Domains) -> Option<VirtualHost> {
        let name = with_port(host, group.port);
        if !self.used_names.insert(name.clone()) {
            return None;
        }
        let Domains { all, alternates } = domains;
        let is_taken = |domain: &String| alternates.contains(domain) && self.full_names.contains(domain);
        let mut domains: Vec<_> = all.into_iter().filter(|domain| !is_taken(domain)).collect();
        domains.retain(|domain| self.used_domains.insert(lower_case(domain).into_owned()));
        // A proxy is asked for a port other than 80 by name and port.
        if self.proxied && group.port != 80 {
            domains.retain(|domain| domain.contains(':'));
        }
        (!domains.is_empty()).then(|| VirtualHost {
            name,
            domains,
            routes: group.routes.clone(),
            include_request_attempt_count: self.context.proxy.settings.headers.attempt_count,
            ..Default::default()
        })
    }
}
