//! What one proxy knows of: the services and VirtualServices that its Sidecar imports, for each egress listener
//! (istio 1.31 `pilot/pkg/model/sidecar.go`).

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::sync::OnceLock;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::mesh::{EgressHost, GatewayReference, Protocol, ServicePort, has_wildcard, host_matches, host_subset_of};
use crate::model::networking::{IstioEgressListener, Sidecar};
use crate::model::{Object, Str};

use super::proxy::Proxy;
use super::push::{Alias, PushContext, Service, Target, VirtualService};

/// Everything that a proxy is told about.
pub(super) struct Scope<'t> {
    pub sidecar: Option<&'t Object<'t, Sidecar<'t>>>,
    pub listeners: Vec<EgressListener<'t>>,
    /// Of all listeners, and what VirtualServices lead to; one for each host.
    pub services: Vec<ScopedService<'t>>,
    pub outbound: OutboundPolicy<'t>,
    by_host: FxHashMap<&'t str, usize>,
}

/// What may be reached through one entry of `egress`, or without a Sidecar.
pub(super) struct EgressListener<'t> {
    /// `None`: everything, on all ports.
    pub spec: Option<&'t IstioEgressListener<'t>>,
    pub services: Vec<ScopedService<'t>>,
    pub virtual_services: Vec<&'t VirtualService<'t>>,
    most_specific: OnceLock<HostTable<'t>>,
}

/// A service, or as much of it as is imported.
#[derive(Clone, Debug)]
pub(super) struct ScopedService<'t> {
    pub service: &'t Service<'t>,
    pub aliases: Cow<'t, [Alias<'t>]>,
    /// Its ports, if not all, or not only its own.
    ports: Option<Vec<&'t ServicePort<'t>>>,
}

/// What happens to traffic for which nothing is configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum OutboundPolicy<'t> {
    /// It goes where it wants to go, or through a proxy.
    AllowAny {
        egress_proxy: Option<Target<'t>>,
    },
    RegistryOnly,
    /// Only in MeshConfig: it is resolved by name.
    AllowAnyDynamicDns,
}

impl<'t> ScopedService<'t> {
    pub fn new(service: &'t Service<'t>) -> Self {
        Self { service, aliases: Cow::Borrowed(&service.aliases), ports: None }
    }

    fn with_ports(service: &'t Service<'t>, numbers: &[i64]) -> Self {
        let ports = service.ports().iter().filter(|port| numbers.contains(&port.number));
        Self { ports: Some(ports.collect()), ..Self::new(service) }
    }

    pub fn ports(&self) -> impl Iterator<Item = &'t ServicePort<'t>> {
        let all = if self.ports.is_none() { self.service.ports() } else { &[] };
        all.iter().chain(self.ports.iter().flatten().copied())
    }

    pub fn port(&self, number: i64) -> Option<&'t ServicePort<'t>> {
        self.ports().find(|port| port.number == number)
    }

    pub fn host(&self) -> &'t str {
        self.service.host()
    }
}

impl<'t> EgressListener<'t> {
    /// The port that the listener is for, if not for all.
    pub fn port(&self) -> Option<(i64, Protocol)> {
        let port = self.spec?.port.as_ref()?;
        let protocol = port.protocol.map_or("", |protocol| protocol.value);
        Some((port.number.map_or(0, |number| number.value), Protocol::of_name(protocol)))
    }

    /// The VirtualService whose host fits best; of those with the same host the first.
    pub fn virtual_service_for(&self, host: &str) -> Option<&'t VirtualService<'t>> {
        self.most_specific.get_or_init(|| HostTable::new(&self.virtual_services)).get(host)
    }
}

/// VirtualServices by host.
#[derive(Debug, Default)]
struct HostTable<'t> {
    by_host: FxHashMap<&'t str, &'t VirtualService<'t>>,
    /// Of the wildcards, longest first.
    lengths: BTreeSet<Reverse<usize>>,
}

impl<'t> HostTable<'t> {
    fn new(virtual_services: &[&'t VirtualService<'t>]) -> Self {
        let mut table = Self::default();
        for virtual_service in virtual_services {
            for host in &virtual_service.hosts {
                table.by_host.entry(host).or_insert(virtual_service);
                if has_wildcard(host) {
                    table.lengths.insert(Reverse(host.len()));
                }
            }
        }
        table
    }

    fn get(&self, host: &str) -> Option<&'t VirtualService<'t>> {
        let tail = host.strip_prefix('*').unwrap_or(host);
        let wildcard = |Reverse(length): &Reverse<usize>| {
            let start = tail.len().checked_sub(length - 1)?;
            self.by_host.get(format!("*{}", tail.get(start..)?).as_str())
        };
        self.by_host.get(host).or_else(|| self.lengths.iter().find_map(wildcard)).copied()
    }
}

impl<'t> Scope<'t> {
    pub fn service(&self, host: &str) -> Option<&ScopedService<'t>> {
        self.by_host.get(host).map(|&at| &self.services[at])
    }

    /// That of a gateway: all that its namespace sees.
    pub fn of_router(push: &'t PushContext<'t>, namespace: &str) -> Self {
        let mut scope = Self::empty(None, OutboundPolicy::RegistryOnly);
        scope.add_listener(push, namespace, None);
        scope
    }

    /// That of a sidecar in `namespace` for which `sidecar` holds.
    pub fn of_sidecar(
        push: &'t PushContext<'t>,
        namespace: &str,
        sidecar: Option<&'t Object<'t, Sidecar<'t>>>,
    ) -> Self {
        let mut scope = Self::empty(sidecar, outbound_policy(push, sidecar));
        match sidecar.map(|sidecar| sidecar.spec.egress.as_slice()) {
            None | Some([]) => scope.add_listener(push, namespace, None),
            Some(listeners) => {
                for listener in listeners {
                    scope.add_listener(push, namespace, Some(listener));
                }
            }
        }
        scope
    }

    fn empty(sidecar: Option<&'t Object<'t, Sidecar<'t>>>, outbound: OutboundPolicy<'t>) -> Self {
        Self { sidecar, listeners: Vec::new(), services: Vec::new(), outbound, by_host: FxHashMap::default() }
    }

    fn add_listener(&mut self, push: &'t PushContext<'t>, namespace: &str, spec: Option<&'t IstioEgressListener<'t>>) {
        let hosts = spec.map(|spec| Imports::new(&spec.hosts, namespace));
        let mut listener =
            EgressListener { spec, services: Vec::new(), virtual_services: Vec::new(), most_specific: OnceLock::new() };
        // Neither sockets (port 0) nor listeners for clients that see them as a proxy are of one port.
        let port = listener.port().filter(|(number, protocol)| *number != 0 && *protocol != Protocol::HttpProxy);
        listener.services = services(push, namespace, hosts.as_ref(), port.map(|(number, _)| number));
        listener.virtual_services = virtual_services(push, namespace, hosts.as_ref());
        for service in &listener.services {
            self.merge(service.clone());
        }
        for virtual_service in &listener.virtual_services {
            self.pull_in(push, namespace, virtual_service);
        }
        self.listeners.push(listener);
    }

    fn merge(&mut self, service: ScopedService<'t>) {
        let Some(&at) = self.by_host.get(service.host()) else {
            self.by_host.insert(service.host(), self.services.len());
            self.services.push(service);
            return;
        };
        let own = &mut self.services[at];
        match (own.service.is_kubernetes(), service.service.is_kubernetes()) {
            (false, true) => *own = service,
            _ if is_same(own.service, service.service) => own.add_ports(&service),
            _ => {}
        }
    }

    /// Destinations of a VirtualService are known even if they are not imported.
    fn pull_in(&mut self, push: &'t PushContext<'t>, namespace: &str, virtual_service: &VirtualService<'t>) {
        let mut wanted: Vec<(Cow<'t, str>, Vec<i64>)> = Vec::new();
        for target in targets(push, namespace, virtual_service) {
            let port = target.port.unwrap_or(0);
            match wanted.iter_mut().find(|(host, _)| *host == target.host) {
                Some((_, ports)) => ports.push(port),
                None => wanted.push((target.host, vec![port])),
            }
        }
        for (host, ports) in wanted {
            if self.by_host.contains_key(&*host) {
                continue;
            }
            let Some(service) = best_service(push, namespace, &host) else { continue };
            self.merge(match ports.contains(&0) {
                true => ScopedService::new(service),
                false => ScopedService::with_ports(service, &ports),
            });
        }
    }
}

impl<'t> ScopedService<'t> {
    fn add_ports(&mut self, other: &Self) {
        let missing: Vec<_> = other.ports().filter(|port| self.port(port.number).is_none()).collect();
        if !missing.is_empty() {
            self.ports = Some(self.ports().chain(missing).collect());
        }
    }
}

/// Whether two service objects may be taken for one.
fn is_same(left: &Service<'_>, right: &Service<'_>) -> bool {
    left.namespace() == right.namespace()
        && left.resolution() == right.resolution()
        && left.is_kubernetes() == right.is_kubernetes()
        && left.mesh.meta().labels == right.mesh.meta().labels
        && left.mesh.selector() == right.mesh.selector()
        && left.mesh.export_to == right.mesh.export_to
}

/// The service of the namespace itself, else the best that it sees: of Kubernetes, then the oldest.
fn best_service<'t>(push: &'t PushContext<'t>, namespace: &str, host: &str) -> Option<&'t Service<'t>> {
    let visible = || push.services_named(host).filter(|service| service.mesh.export_to.sees(namespace));
    let own = visible().find(|service| service.namespace() == namespace);
    own.or_else(|| visible().find(|service| service.is_kubernetes())).or_else(|| visible().next())
}

/// Where a VirtualService sends the traffic of clients in `namespace`.
fn targets<'t>(push: &'t PushContext<'t>, namespace: &str, virtual_service: &VirtualService<'t>) -> Vec<Target<'t>> {
    let mut all = Vec::new();
    for http in &virtual_service.http {
        let elsewhere = |name: Option<Str<'_>>| name.is_some_and(|name| !name.is_empty() && name.value != namespace);
        let for_others = http.matches.iter().all(|matched| elsewhere(matched.request.source_namespace));
        if http.matches.is_empty() || !for_others {
            all.extend(http.targets(push.mesh));
        }
    }
    let spec = &virtual_service.object.spec;
    let routes = spec.tcp.iter().flat_map(|route| &route.route).chain(spec.tls.iter().flat_map(|route| &route.route));
    let own = virtual_service.namespace();
    all.extend(routes.filter_map(|route| Some(Target::new(push.mesh, route.destination.as_ref()?, own))));
    all
}

/// The `hosts` of an egress listener.
struct Imports<'t> {
    /// By namespace; `None` is any.
    included: FxHashMap<Option<&'t str>, Vec<&'t str>>,
    excluded: FxHashMap<Option<&'t str>, Vec<&'t str>>,
    own: String,
}

impl<'t> Imports<'t> {
    fn new(hosts: &[Str<'t>], namespace: &str) -> Self {
        let mut imports =
            Self { included: FxHashMap::default(), excluded: FxHashMap::default(), own: namespace.to_owned() };
        for host in hosts {
            // One slash parts namespace and host; anything else is no entry.
            if host.value.matches('/').count() != 1 {
                continue;
            }
            let Some(entry) = EgressHost::parse(*host, OWN) else { continue };
            let lists = if entry.exclude { &mut imports.excluded } else { &mut imports.included };
            lists.entry(entry.namespace).or_default().push(entry.host);
        }
        imports
    }

    fn lists<'s>(
        &'s self,
        map: &'s FxHashMap<Option<&'t str>, Vec<&'t str>>,
        namespace: &'s str,
    ) -> impl Iterator<Item = &'t str> + 's {
        let own = (namespace == self.own).then(|| map.get(&Some(OWN))).flatten();
        let named = map.get(&Some(namespace));
        own.into_iter().chain(named).chain(map.get(&None)).flatten().copied()
    }

    fn imports(&self, host: &str, namespace: &str) -> bool {
        let within = |entry: &str| host_subset_of(host, entry);
        !self.lists(&self.excluded, namespace).any(within) && self.lists(&self.included, namespace).any(within)
    }

    fn imports_virtual_service(&self, service: &VirtualService<'_>) -> bool {
        let namespace = service.namespace();
        service.hosts.iter().any(|host| {
            let by_subset = service.has_route_semantics();
            let meets = |entry: &str| if by_subset { host_subset_of(host, entry) } else { host_matches(entry, host) };
            let within = |entry: &str| host_subset_of(host, entry);
            self.lists(&self.included, namespace).any(meets) && !self.lists(&self.excluded, namespace).any(within)
        })
    }
}

/// Stands for the namespace of the proxy: no namespace has such a name.
const OWN: &str = ".";

fn services<'t>(
    push: &'t PushContext<'t>,
    namespace: &str,
    imports: Option<&Imports<'t>>,
    port: Option<i64>,
) -> Vec<ScopedService<'t>> {
    let visible = push.visible_services(namespace);
    let imported =
        |service: &Service<'_>| imports.is_none_or(|imports| imports.imports(service.host(), service.namespace()));
    let mut found: Vec<ScopedService<'t>> = Vec::new();
    for service in visible.filter(|service| imported(service)) {
        match port {
            None => found.push(ScopedService::new(service)),
            Some(number) if service.mesh.port(number).is_some() => {
                found.push(ScopedService::with_ports(service, &[number]));
            }
            Some(_) => {}
        }
    }
    keep_one_namespace(&mut found, namespace);
    if let Some(imports) = imports {
        for service in found.iter_mut().filter(|service| !service.aliases.is_empty()) {
            // Whatever namespace an alias is in, that of its target counts.
            let target = service.service.namespace();
            let kept = service.aliases.iter().filter(|alias| imports.imports(alias.host, target));
            service.aliases = Cow::Owned(kept.copied().collect());
        }
    }
    found
}

/// Of a host that several namespaces define, one definition counts.
fn keep_one_namespace(services: &mut Vec<ScopedService<'_>>, own: &str) {
    let mut chosen: FxHashMap<&str, &Service<'_>> = FxHashMap::default();
    let mut several = false;
    for ScopedService { service, .. } in services.iter() {
        let Some(best) = chosen.get_mut(service.host()) else {
            chosen.insert(service.host(), service);
            continue;
        };
        several |= best.namespace() != service.namespace();
        let is_better = match (best.namespace() == own, service.namespace() == own) {
            (false, true) => true,
            (true, _) => false,
            (false, false) => !best.is_kubernetes() && service.is_kubernetes(),
        };
        if is_better {
            *best = service;
        }
    }
    if several {
        let chosen: FxHashSet<_> = chosen.into_iter().map(|(host, service)| (host, service.namespace())).collect();
        services.retain(|service| chosen.contains(&(service.host(), service.service.namespace())));
    }
}

fn virtual_services<'t>(
    push: &'t PushContext<'t>,
    namespace: &str,
    imports: Option<&Imports<'t>>,
) -> Vec<&'t VirtualService<'t>> {
    let mut found = push.virtual_services_for(namespace, GatewayReference::Mesh);
    // Routes of the Gateway API for clients of their own namespace come before what others say.
    let is_own_route =
        |service: &&VirtualService<'_>| service.has_route_semantics() && service.namespace() == namespace;
    found.sort_by_key(|service| (service.rank(namespace), !is_own_route(service)));
    found.retain(|service| imports.is_none_or(|imports| imports.imports_virtual_service(service)));
    found
}

fn outbound_policy<'t>(push: &'t PushContext<'t>, sidecar: Option<&'t Object<'t, Sidecar<'t>>>) -> OutboundPolicy<'t> {
    let own = sidecar.and_then(|sidecar| Some((sidecar, sidecar.spec.outbound_traffic_policy.as_ref()?)));
    if let Some((sidecar, policy)) = own {
        return match policy.mode.map(|mode| mode.value) {
            Some("ALLOW_ANY") => {
                let target = |proxy| Target::new(push.mesh, proxy, sidecar.meta.namespace);
                OutboundPolicy::AllowAny { egress_proxy: policy.egress_proxy.as_ref().map(target) }
            }
            _ => OutboundPolicy::RegistryOnly,
        };
    }
    let mesh = push.mesh.settings.config.as_ref().and_then(|config| config.outbound_traffic_policy.as_ref()?.mode);
    match mesh.map(|mode| mode.value) {
        Some("REGISTRY_ONLY") => OutboundPolicy::RegistryOnly,
        Some("ALLOW_ANY_DYNAMIC_DNS") => OutboundPolicy::AllowAnyDynamicDns,
        _ => OutboundPolicy::AllowAny { egress_proxy: None },
    }
}

/// The Sidecar in force; gateways have none.
pub(super) fn sidecar<'t>(push: &'t PushContext<'t>, proxy: &Proxy<'_>) -> Option<&'t Object<'t, Sidecar<'t>>> {
    (!proxy.is_router()).then(|| push.mesh.sidecar(proxy.namespace, &proxy.labels)).flatten()
}
