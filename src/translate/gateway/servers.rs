//! The servers of all Gateways of a proxy, as those of one (istio 1.31 `pilot/pkg/model/gateway.go`, `mergeGateways`).

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::{FxHashMap, FxHashSet};

use crate::format::Host;
use crate::mesh::{GatewayReference, Protocol, ServerRef, gateway_services};
use crate::model::Object;
use crate::model::networking::{Gateway, ServerTlsSettings};
use crate::source::Span;
use crate::translate::Context;
use crate::translate::push::VirtualService;
use crate::translate::targets::{self, ServiceTarget};

use super::bound::Bound;

/// A server, and what becomes of it in the proxy.
#[derive(Clone, Debug)]
pub(super) struct Server<'t> {
    of: ServerRef<'t>,
    hosts: Vec<ServerHost<'t>>,
    /// As it is written: the port of the Service.
    pub number: i64,
    /// Where the proxy listens.
    pub listening_port: i64,
    pub protocol: Protocol,
    /// The name of its route configuration; empty if it speaks no HTTP, or passes TLS on.
    pub route_name: String,
}

/// A host, and the namespace whose VirtualServices alone may use it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct ServerHost<'t> {
    pub namespace: Option<&'t str>,
    pub host: &'t str,
}

/// What tells the listeners of a proxy apart, and what they speak: servers that have it in common share filter chains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct GroupKey<'t> {
    pub port: i64,
    /// As it is written.
    protocol: &'t str,
    /// Empty for all addresses.
    pub bind: &'t str,
}

#[derive(Clone, Debug)]
pub(super) struct Group<'t> {
    pub key: GroupKey<'t>,
    pub servers: Vec<Server<'t>>,
    /// Of servers of plain HTTP, which share one.
    pub route_name: String,
}

/// The servers that are in force.
#[derive(Default)]
pub(in crate::translate) struct Servers<'t> {
    pub(super) groups: Vec<Group<'t>>,
    pub(super) by_route_name: BTreeMap<String, Vec<Server<'t>>>,
    by_key: FxHashMap<GroupKey<'t>, usize>,
    /// The newest group without TLS of a port.
    plain: FxHashMap<i64, usize>,
    ports: FxHashSet<i64>,
    tls_hosts: HostsInUse<'t, ServerHost<'t>>,
    bound: FxHashMap<GatewayReference<'t>, Bound<'t>>,
}

/// By port, hosts that connections are told apart by, each with the address that it was last used on.
pub(super) struct HostsInUse<'t, H>(FxHashMap<(i64, H), &'t str>);

impl<H> Default for HostsInUse<'_, H> {
    fn default() -> Self {
        Self(FxHashMap::default())
    }
}

impl<'t, H: Copy + Eq + std::hash::Hash> HostsInUse<'t, H> {
    /// `false` if some are in use already, and then none of them is taken.
    pub fn take(&mut self, port: i64, bind: &'t str, hosts: impl Iterator<Item = H> + Clone) -> bool {
        if hosts.clone().any(|host| self.0.get(&(port, host)) == Some(&bind)) {
            return false;
        }
        self.0.extend(hosts.map(|host| ((port, host), bind)));
        true
    }
}

impl Group<'_> {
    pub fn protocol(&self) -> Protocol {
        Protocol::of_name(self.key.protocol)
    }
}

impl<'t> Server<'t> {
    /// Where it is written.
    pub fn at(&self) -> Span {
        self.of.server.node.head()
    }

    fn new(of: ServerRef<'t>, listening_port: i64) -> Option<Self> {
        of.server.port.as_ref()?;
        let number = of.port().unwrap_or(0);
        let mut hosts: Vec<_> = of.hosts().map(|(namespace, host, _)| ServerHost { namespace, host }).collect();
        if of.server.hosts.iter().any(|host| host.value == "*/*") {
            hosts = vec![ServerHost { namespace: None, host: "*" }];
        }
        let mut server = Self { of, hosts, number, listening_port, protocol: of.protocol(), route_name: String::new() };
        server.route_name = server.make_route_name();
        Some(server)
    }

    fn make_route_name(&self) -> String {
        let bind = match self.bind() {
            "" => String::new(),
            bind => format!(".{bind}"),
        };
        if self.protocol.is_http() {
            return format!("http.{}{bind}", self.listening_port);
        }
        if !self.speaks_http() {
            return String::new();
        }
        let port_name = self.of.server.port.as_ref().and_then(|port| port.name).map_or("", |name| name.value);
        let meta = &self.of.gateway.meta;
        format!("https.{}.{port_name}.{}.{}{bind}", self.number, meta.name.value, meta.namespace)
    }

    pub fn bind(&self) -> &'t str {
        self.of.server.bind.map_or("", |bind| bind.value)
    }

    /// Its own name, by which statistics are called; empty if it has none.
    pub fn name(&self) -> &'t str {
        self.of.server.name.map_or("", |name| name.value)
    }

    pub fn gateway(&self) -> GatewayReference<'t> {
        let meta = &self.of.gateway.meta;
        GatewayReference::Named { namespace: meta.namespace, name: meta.name.value }
    }

    pub fn hosts(&self) -> &[ServerHost<'t>] {
        &self.hosts
    }

    pub fn tls(&self) -> Option<&'t ServerTlsSettings<'t>> {
        self.of.server.tls.as_deref()
    }

    pub fn tls_mode(&self) -> Option<TlsMode> {
        self.tls().map(|tls| TlsMode::parse(tls.mode.map_or("", |mode| mode.value)))
    }

    /// Whether clients that come without TLS are sent away to come with it.
    pub fn redirects_to_https(&self) -> bool {
        self.tls().and_then(|tls| tls.https_redirect).is_some_and(|on| on.value)
    }

    fn passes_tls_on(&self) -> bool {
        matches!(self.tls_mode(), Some(TlsMode::Passthrough | TlsMode::AutoPassthrough))
    }

    /// With HTTPS, what is inside of TLS.
    fn speaks_http(&self) -> bool {
        self.protocol.is_http() || self.protocol == Protocol::Https && !self.passes_tls_on()
    }

    /// Whether connections start with TLS. A server of HTTP has TLS settings only in order to redirect.
    pub fn has_tls(&self) -> bool {
        self.tls().is_some() && !self.protocol.is_http()
    }

    pub fn terminates_https(&self) -> bool {
        self.has_tls() && self.protocol == Protocol::Https && !self.passes_tls_on()
    }

    /// Its hosts, whoever may use them: what clients ask for by SNI.
    pub fn server_names(&self) -> Vec<&'t str> {
        let mut names: Vec<_> = self.hosts.iter().map(|host| host.host).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The hosts that VirtualServices of a namespace may use.
    pub fn hosts_for(&self, namespace: &str) -> impl Iterator<Item = Host<'t>> {
        let usable = self.hosts.iter().filter(move |host| host.namespace.is_none_or(|only| only == namespace));
        usable.map(|host| Host::new(host.host))
    }

    /// Whether it shares a host with a VirtualService.
    pub fn accepts(&self, virtual_service: &VirtualService<'_>) -> bool {
        let mut own = self.hosts_for(virtual_service.namespace());
        own.any(|own| virtual_service.hosts.iter().any(|host| own.matches(Host::new(host))))
    }

    fn key(&self) -> GroupKey<'t> {
        let protocol = self.of.server.port.as_ref().and_then(|port| port.protocol);
        GroupKey {
            port: self.listening_port,
            protocol: protocol.map_or("", |protocol| protocol.value),
            bind: self.bind(),
        }
    }
}

/// `tls.mode` of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TlsMode {
    Passthrough,
    Simple,
    Mutual,
    AutoPassthrough,
    IstioMutual,
    OptionalMutual,
}

impl TlsMode {
    fn parse(text: &str) -> Self {
        match text {
            "SIMPLE" => TlsMode::Simple,
            "MUTUAL" => TlsMode::Mutual,
            "AUTO_PASSTHROUGH" => TlsMode::AutoPassthrough,
            "ISTIO_MUTUAL" => TlsMode::IstioMutual,
            "OPTIONAL_MUTUAL" => TlsMode::OptionalMutual,
            _ => TlsMode::Passthrough,
        }
    }
}

/// 0 if istiod does not understand the name that it gave: one with an address, or with dots in a part.
fn port_in_name(name: &str) -> u32 {
    let port = match (name.strip_prefix("http."), name.strip_prefix("https.")) {
        (Some(port), _) => Some(port),
        (_, Some(rest)) if name.matches('.').count() == 4 => rest.split('.').next(),
        _ => None,
    };
    port.and_then(|port| port.parse().ok()).unwrap_or(0)
}

/// Services labelled so do not tell where their ports lead.
const AS_WRITTEN: &str = "experimental.istio.io/disable-gateway-port-translation";

/// The port of the workload that the first of its Services has behind the port of the server; the same port if none has.
pub(in crate::translate) fn listening_port(number: i64, targets: &[ServiceTarget<'_>]) -> i64 {
    let translates = |target: &&ServiceTarget<'_>| target.service.mesh.meta().labels.get(AS_WRITTEN).is_none();
    let mut of_port = targets.iter().filter(|target| target.port.number == number).filter(translates);
    of_port.next().map_or(number, |target| target.number)
}

/// Where the ports of the servers of a Gateway lead.
enum Ports<'x, 't> {
    /// It selects pods.
    OfPods(&'x [ServiceTarget<'t>]),
    /// It is for Services, and only for what they lead to.
    OfServices(Vec<ServiceTarget<'t>>),
}

impl<'x, 't> Ports<'x, 't> {
    /// `None` if the Gateway is not for the proxy.
    fn of(
        context: &Context<'_, 't>,
        gateway: &Object<'t, Gateway<'t>>,
        targets: &'x [ServiceTarget<'t>],
    ) -> Option<Self> {
        let Some(services) = gateway_services(&gateway.meta) else {
            return context.proxy.labels.contains(&gateway.spec.selector).then_some(Self::OfPods(targets));
        };
        let services: Vec<_> = services.collect();
        let namespace = gateway.meta.namespace;
        let mut targets = targets.to_vec();
        targets.retain(|target| target.service.namespace() == namespace && services.contains(&target.service.host()));
        (!targets.is_empty()).then_some(Self::OfServices(targets))
    }

    fn listening(&self, number: i64) -> Vec<i64> {
        match self {
            Ports::OfPods(targets) => vec![listening_port(number, targets)],
            Ports::OfServices(targets) => {
                let of_port = targets.iter().filter(|target| target.port.number == number);
                of_port.map(|target| target.number).collect::<BTreeSet<_>>().into_iter().collect()
            }
        }
    }
}

impl<'t> Servers<'t> {
    /// Those of the Gateways that select the proxy, the oldest Gateway first. What cannot be next to what came before is
    /// left out.
    pub fn of(context: &Context<'_, 't>) -> Self {
        let targets = targets::targets(context);
        let mut servers = Self::default();
        for gateway in &context.push.gateways {
            let Some(ports) = Ports::of(context, gateway, &targets) else { continue };
            let reference =
                GatewayReference::Named { namespace: gateway.meta.namespace, name: gateway.meta.name.value };
            let virtual_services = context.push.virtual_services_for(context.proxy.namespace, reference);
            servers.bound.insert(reference, Bound::new(virtual_services));
            for server in &gateway.spec.servers {
                let server = ServerRef { gateway, server };
                for port in ports.listening(server.port().unwrap_or(0)) {
                    if let Some(server) = Server::new(server, port) {
                        servers.add(server);
                    }
                }
            }
        }
        servers
    }

    /// The ports of Services behind the port that the name of a route configuration tells, by which patches find it.
    pub fn service_ports(&self) -> BTreeMap<u32, BTreeSet<u32>> {
        let mut ports: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
        for (name, servers) in &self.by_route_name {
            let numbers = servers.iter().filter_map(|server| u32::try_from(server.number).ok());
            ports.entry(port_in_name(name)).or_default().extend(numbers);
        }
        ports
    }

    /// The VirtualServices that name the Gateway of a server.
    pub(super) fn bound(&self, server: &Server<'t>) -> &Bound<'t> {
        &self.bound[&server.gateway()]
    }

    fn add(&mut self, server: Server<'t>) {
        let port = server.listening_port;
        if server.tls().is_some() && !self.tls_hosts.take(port, server.bind(), server.hosts.iter().copied()) {
            return;
        }
        match self.plain.get(&port) {
            Some(&plain) => self.add_beside(plain, server),
            // Of servers of HTTPS every one has routes of its own, told apart by the name of the port.
            None if self.ports.contains(&port)
                && server.has_tls()
                && server.speaks_http()
                && self.by_route_name.contains_key(&server.route_name) => {}
            None => self.add_to_group(server),
        }
        self.ports.insert(port);
    }

    /// A server on a port on which one without TLS is.
    fn add_beside(&mut self, plain: usize, server: Server<'t>) {
        let existing = &mut self.groups[plain];
        if existing.key.bind != server.bind() {
            return self.add_to_group(server);
        }
        let speaks_http = existing.protocol().is_http() && server.protocol.is_http();
        if speaks_http {
            existing.servers.push(server.clone());
            self.by_route_name.entry(server.route_name.clone()).or_default().push(server);
        }
    }

    fn add_to_group(&mut self, server: Server<'t>) {
        let key = server.key();
        let existing = self.by_key.get(&key).copied();
        let route_name = server.route_name.clone();
        if server.speaks_http() {
            let of_name = self.by_route_name.entry(route_name.clone()).or_default();
            if existing.is_none() {
                of_name.clear();
            }
            of_name.push(server.clone());
        }
        match existing {
            Some(at) => self.groups[at].servers.push(server),
            None => {
                if !server.has_tls() {
                    self.plain.insert(key.port, self.groups.len());
                }
                self.by_key.insert(key, self.groups.len());
                self.groups.push(Group { key, servers: vec![server], route_name });
            }
        }
    }
}
