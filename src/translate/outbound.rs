//! Listeners for what a workload sends (istio 1.31 `pilot/pkg/networking/core/listener.go`,
//! `buildSidecarOutboundListeners`).

use std::time::Duration;

use rustc_hash::FxHashMap;

use crate::envoy::cluster::{DnsCacheConfig, DnsLookupFamily};
use crate::envoy::core::{Address, CidrRange, TrafficDirection};
use crate::envoy::http_connection_manager::{HttpConnectionManager, RouteSpecifier};
use crate::envoy::http_filter::DynamicForwardProxy;
use crate::envoy::listener::{
    Filter, FilterChain, FilterChainMatch, HttpInspector, Listener, ListenerFilter, TlsInspector,
};
use crate::envoy::network_filter::SniDynamicForwardProxy;
use crate::format::Subnet;
use crate::mesh::{Protocol, Resolution, host_matches};
use crate::model::virtual_service::{L4MatchAttributes, TlsMatchAttributes};
use crate::model::{Int, Labels, Str};
use crate::source::Span;

use super::access_log::Part;
use super::hcm::{self, Manager, Place};
use super::names::{BLACK_HOLE, PASSTHROUGH};
use super::proxy::Interception;
use super::push::{NO_ADDRESS, Target, VirtualService};
use super::scope::{EgressListener, OutboundPolicy, ScopedService};
use super::{Context, hosts, provenance, routes, tcp};

/// ALPN names by which the HTTP inspector tells what is HTTP in plain text.
pub(super) const PLAIN_HTTP: [&str; 2] = ["http/1.1", "h2c"];

/// How long a chain may take to read what chooses it and to shake hands.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

pub(super) fn listeners(context: &Context<'_, '_>) -> Vec<Listener> {
    let mut table = Table { context, entries: Vec::new(), index: FxHashMap::default() };
    for listener in &context.scope.listeners {
        table.add_listener(listener);
    }
    let mut listeners: Vec<_> = table.entries.into_iter().map(|entry| entry.finish(context)).collect();
    listeners.extend(http_proxy(context));
    if context.proxy.interception != Interception::None {
        listeners.push(virtual_outbound(context));
    }
    listeners
}

/// What a listener serves; one that serves HTTP on all addresses lets other traffic through, so it counts as `Auto`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Http,
    Tcp,
    Auto,
}

impl Kind {
    fn of(protocol: Protocol) -> Option<Self> {
        match protocol {
            Protocol::Udp => None,
            Protocol::Auto => Some(Kind::Auto),
            protocol if protocol.is_http() => Some(Kind::Http),
            _ => Some(Kind::Tcp),
        }
    }
}

/// Where a listener is.
#[derive(Clone, Debug)]
struct Bind {
    /// An address, or `unix://` and a path.
    address: String,
    /// It takes a port of the pod, rather than what is redirected to the proxy.
    bound: bool,
    /// The user chose the address.
    explicit: bool,
}

/// The port that a listener is for.
#[derive(Clone, Copy, Debug)]
struct Port {
    number: i64,
    protocol: Protocol,
}

struct Entry {
    bind: Bind,
    port: Port,
    kind: Kind,
    chains: Vec<Chain>,
    /// Made for an egress listener with a port: those without add nothing to it.
    locked: bool,
}

/// A filter chain that may yet turn out to be the default.
#[derive(Clone)]
struct Chain {
    server_names: Vec<String>,
    subnets: Vec<String>,
    plain_http: bool,
    filters: Vec<Filter>,
    /// The service or the route that it is for, if it is for one.
    at: Option<Span>,
}

struct Table<'x, 'c, 't> {
    context: &'x Context<'c, 't>,
    entries: Vec<Entry>,
    index: FxHashMap<(String, i64), usize>,
}

impl<'t> Table<'_, '_, 't> {
    fn add_listener(&mut self, listener: &EgressListener<'t>) {
        let proxy = self.context.proxy;
        let written = listener.spec.and_then(|spec| spec.bind).map(|bind| bind.value).filter(|bind| !bind.is_empty());
        let not_captured = listener.spec.and_then(|spec| spec.capture_mode).is_some_and(|mode| mode.value == "NONE");
        let is_socket = written.is_some_and(|bind| bind.starts_with("unix://"));
        let bound = proxy.interception == Interception::None || not_captured || is_socket;
        let address = written.or(bound.then(|| proxy.loopback()));
        let bind = address.map(|address| Bind { address: address.to_owned(), bound, explicit: true });
        match listener.port() {
            Some((number, protocol)) => {
                for service in &listener.services {
                    self.add(listener, service, Port { number, protocol }, bind.as_ref());
                }
            }
            None => {
                for entry in &mut self.entries {
                    entry.locked = true;
                }
                for service in &listener.services {
                    for port in service.ports() {
                        let port = Port { number: port.number, protocol: port.protocol };
                        self.add(listener, service, port, bind.as_ref());
                    }
                }
            }
        }
    }

    fn add(&mut self, listener: &EgressListener<'t>, service: &ScopedService<'t>, port: Port, bind: Option<&Bind>) {
        let Some(kind) = Kind::of(port.protocol).filter(|_| !service.service.is_alias()) else { return };
        if bind.is_none() && kind != Kind::Http && self.is_headless(service) {
            return self.add_endpoints(listener, service, port, kind);
        }
        let proxy = self.context.proxy;
        let own = &service.service.address;
        let wildcard = proxy.wildcard();
        let mut subnets = Vec::new();
        let bind = bind.cloned().unwrap_or_else(|| {
            let address = match kind {
                Kind::Http => wildcard,
                _ if service.service.is_subnet() => {
                    subnets.push(own.clone());
                    wildcard
                }
                _ if own == NO_ADDRESS => wildcard,
                _ => own,
            };
            Bind { address: address.to_owned(), bound: false, explicit: false }
        });
        if bind.explicit && service.service.is_subnet() && kind != Kind::Http {
            subnets.push(own.clone());
        }
        self.add_at(listener, service, port, kind, bind, &subnets);
    }

    /// Without an address, connections are told apart by the endpoints that they go to.
    fn is_headless(&self, service: &ScopedService<'t>) -> bool {
        let service = service.service;
        service.resolution() == Resolution::Passthrough && !service.has_address() && {
            let plain = !service.is_kubernetes() && service.mesh.selector().is_none();
            !(plain && self.context.push.endpoints(service).is_empty())
        }
    }

    fn add_endpoints(&mut self, listener: &EgressListener<'t>, service: &ScopedService<'t>, port: Port, kind: Kind) {
        let context = self.context;
        let name = service.service.mesh.port(port.number).map_or("", |port| port.name);
        let endpoints = context.push.endpoints(service.service).iter();
        for endpoint in endpoints.filter(|endpoint| endpoint.port_name == name) {
            if endpoint.is_ip() && endpoint.address != context.proxy.ip {
                let bind = Bind { address: endpoint.address.to_string(), bound: false, explicit: false };
                self.add_at(listener, service, port, kind, bind, &[]);
            }
        }
    }

    fn add_at(
        &mut self,
        listener: &EgressListener<'t>,
        service: &ScopedService<'t>,
        port: Port,
        kind: Kind,
        bind: Bind,
        subnets: &[String],
    ) {
        let on_wildcard = bind.address == self.context.proxy.wildcard();
        if bind.bound && !self.context.proxy.can_bind(port.number) || on_wildcard && self.is_reserved(port.number) {
            return;
        }
        let key = (bind.address.clone(), port.number);
        let Some(&at) = self.index.get(&key) else {
            let entry = self.entry(listener, service, port, kind, bind, subnets);
            self.index.insert(key, self.entries.len());
            self.entries.push(entry);
            return;
        };
        let existing = &self.entries[at];
        if existing.locked {
            return;
        }
        match (existing.kind, kind) {
            (Kind::Http | Kind::Auto, Kind::Http) | (Kind::Auto, Kind::Auto) => {}
            (Kind::Http, Kind::Auto) => self.entries[at] = self.entry(listener, service, port, kind, bind, subnets),
            (Kind::Http | Kind::Auto, Kind::Tcp) => {
                let chains = self.tcp_chains(listener, service, port, &bind, subnets);
                self.entries[at].merge(chains);
                self.entries[at].kind = Kind::Auto;
            }
            (Kind::Tcp, Kind::Tcp) => {
                let speaks_first = |protocol| matches!(protocol, Protocol::MySql | Protocol::Mongo);
                let (old, new) = (existing.port.protocol, port.protocol);
                if old == new || !speaks_first(old) && !speaks_first(new) {
                    let chains = self.tcp_chains(listener, service, port, &bind, subnets);
                    self.entries[at].merge(chains);
                }
            }
            (Kind::Tcp, Kind::Http) => {
                let chain = self.http_chain(service, port, &bind, Kind::Http);
                self.entries[at].merge(vec![Chain { plain_http: true, ..chain }]);
                self.entries[at].kind = Kind::Auto;
            }
            (Kind::Tcp, Kind::Auto) => {
                let made = self.entry(listener, service, port, kind, bind, subnets);
                self.entries[at].merge(made.chains);
                self.entries[at].kind = Kind::Auto;
            }
        }
    }

    /// Ports of the proxy itself.
    fn is_reserved(&self, port: i64) -> bool {
        let config = self.context.push.mesh.settings.config.as_ref();
        let written = |port: Option<Int>, default: i64| port.map_or(default, |port| port.value);
        let outbound = written(config.and_then(|config| config.proxy_listen_port), OUTBOUND_PORT);
        let inbound = written(config.and_then(|config| config.proxy_inbound_listen_port), INBOUND_PORT);
        port == outbound || port == inbound
    }

    fn entry(
        &self,
        listener: &EgressListener<'t>,
        service: &ScopedService<'t>,
        port: Port,
        kind: Kind,
        bind: Bind,
        subnets: &[String],
    ) -> Entry {
        let mut chains = match kind {
            Kind::Http => Vec::new(),
            Kind::Tcp | Kind::Auto => self.tcp_chains(listener, service, port, &bind, subnets),
        };
        let on_wildcard = bind.address == self.context.proxy.wildcard();
        if kind != Kind::Tcp {
            let chain = self.http_chain(service, port, &bind, kind);
            chains.push(Chain { plain_http: kind == Kind::Auto || on_wildcard, ..chain });
        }
        let kind = if kind == Kind::Http && on_wildcard { Kind::Auto } else { kind };
        Entry { bind, port, kind, chains, locked: false }
    }

    fn http_chain(&self, service: &ScopedService<'t>, port: Port, bind: &Bind, kind: Kind) -> Chain {
        let on_wildcard = bind.address == self.context.proxy.wildcard();
        let routes = match port.number {
            0 => bind.address.clone(),
            number if kind == Kind::Auto && !on_wildcard => format!("{}:{number}", service.host()),
            number => number.to_string(),
        };
        let prefix = format!("outbound_{}_{};", bind.address, port.number);
        let mut manager = Manager::new(Place::SidecarOutbound, prefix, hcm::rds(routes));
        manager.grpc_web = port.protocol == Protocol::GrpcWeb;
        manager.dynamic_forward_proxy = dynamic_forward_proxy(self.context, service);
        let filters = vec![hcm::filter(self.context, manager)];
        Chain::new(filters, &[])
    }

    fn tcp_chains(
        &self,
        listener: &EgressListener<'t>,
        service: &ScopedService<'t>,
        port: Port,
        bind: &Bind,
        subnets: &[String],
    ) -> Vec<Chain> {
        let services: Vec<_> = listener
            .virtual_services
            .iter()
            .copied()
            .filter(|own| own.hosts.iter().any(|host| host_matches(host, service.host())))
            .collect();
        match port.protocol.is_tls() {
            true => self.by_sni(&services, service, port, bind, subnets),
            false => self.by_address(&services, service, port, bind, subnets),
        }
    }

    /// `tcp` routes (`buildSidecarOutboundTCPFilterChainOpts`).
    fn by_address(
        &self,
        services: &[&VirtualService<'t>],
        service: &ScopedService<'t>,
        port: Port,
        bind: &Bind,
        subnets: &[String],
    ) -> Vec<Chain> {
        let context = self.context;
        let mut chains = Vec::new();
        let mut covers_own = false;
        let is_socket = bind.address.starts_with("unix://");
        for virtual_service in services {
            for route in &virtual_service.object.spec.tcp {
                let destinations = tcp::destinations(context, virtual_service, &route.route);
                if destinations.is_empty() {
                    continue;
                }
                let filters =
                    || tcp::route_filters(context, virtual_service, &destinations, port.number, port.protocol);
                if route.r#match.is_empty() {
                    chains.push(Chain::new(filters(), subnets).at(route.node.head()));
                    return chains;
                }
                let mut wanted: Vec<String> = Vec::new();
                for block in &route.r#match {
                    if !Static::of_l4(block).fits(context, port.number) {
                        continue;
                    }
                    if block.destination_subnets.is_empty() || is_socket {
                        chains.push(Chain::new(filters(), subnets).at(block.node.head()));
                        return chains;
                    }
                    wanted.extend(block.destination_subnets.iter().map(|subnet| subnet.value.to_owned()));
                }
                if !wanted.is_empty() {
                    covers_own |= same_set(&wanted, subnets);
                    chains.push(Chain::new(filters(), &wanted).at(route.node.head()));
                }
            }
        }
        if !covers_own {
            let filters = tcp::service_filters(context, service, port.number, port.protocol);
            chains.push(Chain::new(filters, subnets).at(service.service.mesh.at));
        }
        chains
    }

    /// `tls` routes (`buildSidecarOutboundTLSFilterChainOpts`).
    fn by_sni(
        &self,
        services: &[&VirtualService<'t>],
        service: &ScopedService<'t>,
        port: Port,
        bind: &Bind,
        subnets: &[String],
    ) -> Vec<Chain> {
        let context = self.context;
        let mut chains: Vec<Chain> = Vec::new();
        let mut matched = false;
        // What a match says of destinations stays in force for those after it, of whatever VirtualService.
        let mut subnets = subnets.to_vec();
        let mut seen = Vec::new();
        for virtual_service in services {
            for route in &virtual_service.object.spec.tls {
                let destinations = tcp::destinations(context, virtual_service, &route.route);
                if destinations.is_empty() {
                    continue;
                }
                for block in &route.r#match {
                    if !Static::of_tls(block).fits(context, port.number) {
                        continue;
                    }
                    if !block.destination_subnets.is_empty() {
                        subnets = block.destination_subnets.iter().map(|subnet| subnet.value.to_owned()).collect();
                    }
                    let names: Vec<_> = block.sni_hosts.iter().map(|host| host.value.to_owned()).collect();
                    matched = true;
                    let key = (names.clone(), subnets.clone());
                    if seen.contains(&key) {
                        continue;
                    }
                    seen.push(key);
                    let filters =
                        tcp::route_filters(context, virtual_service, &destinations, port.number, port.protocol);
                    chains.push(Chain { server_names: names, ..Chain::new(filters, &subnets).at(block.node.head()) });
                }
            }
        }
        if !matched {
            chains.push(self.own_sni(service, port, bind, &subnets));
        }
        chains
    }

    /// The chain of a TLS port without routes. SNI is looked at where the address does not tell the service.
    fn own_sni(&self, service: &ScopedService<'t>, port: Port, bind: &Bind, subnets: &[String]) -> Chain {
        let context = self.context;
        let has_address = service.service.has_address() && !service.service.is_subnet();
        let by_sni = !subnets.is_empty() || !has_address && bind.address == context.proxy.wildcard();
        let mut filters = tcp::service_filters(context, service, port.number, port.protocol);
        if let Some(forward_proxy) = sni_forward_proxy(service, port.number) {
            filters.insert(0, forward_proxy);
        }
        let mut names = Vec::new();
        if by_sni {
            names.push(service.host().to_owned());
            for alias in service.aliases.iter() {
                names.push(alias.host.to_owned());
                names.extend(hosts::alternates(context, alias.host));
            }
        }
        Chain { server_names: names, ..Chain::new(filters, subnets).at(service.service.mesh.at) }
    }
}

const OUTBOUND_PORT: i64 = 15001;
const INBOUND_PORT: i64 = 15006;

fn same_set(left: &[String], right: &[String]) -> bool {
    left.iter().all(|item| right.contains(item)) && right.iter().all(|item| left.contains(item))
}

/// What decides before traffic flows whether a match counts for a proxy.
struct Static<'b, 't> {
    gateways: &'b [Str<'t>],
    labels: &'b Labels<'t>,
    port: Option<Int>,
    namespace: Option<Str<'t>>,
}

impl<'b, 't> Static<'b, 't> {
    fn of_l4(block: &'b L4MatchAttributes<'t>) -> Self {
        Self {
            gateways: &block.gateways,
            labels: &block.source_labels,
            port: block.port,
            namespace: block.source_namespace,
        }
    }

    fn of_tls(block: &'b TlsMatchAttributes<'t>) -> Self {
        Self {
            gateways: &block.gateways,
            labels: &block.source_labels,
            port: block.port,
            namespace: block.source_namespace,
        }
    }

    fn fits(&self, context: &Context<'_, '_>, port: i64) -> bool {
        let gateway = self.gateways.is_empty() || self.gateways.iter().any(|name| name.value == "mesh");
        let port = self.port.is_none_or(|own| own.value == 0 || own.value == port);
        let own = self.namespace.map_or("", |namespace| namespace.value);
        gateway
            && port
            && context.proxy.labels.contains(self.labels)
            && (own.is_empty() || own == context.proxy.namespace)
    }
}

fn dynamic_forward_proxy(context: &Context<'_, '_>, service: &ScopedService<'_>) -> Option<DynamicForwardProxy> {
    let cache = match context.scope.outbound {
        OutboundPolicy::AllowAnyDynamicDns => any_host_cache(),
        _ if is_dynamic(service) => host_cache(service),
        _ => return None,
    };
    Some(DynamicForwardProxy { dns_cache_config: Some(cache), ..Default::default() })
}

fn sni_forward_proxy(service: &ScopedService<'_>, port: i64) -> Option<Filter> {
    if !is_dynamic(service) {
        return None;
    }
    let config = SniDynamicForwardProxy {
        dns_cache_config: Some(host_cache(service)),
        port_value: port.try_into().ok(),
        ..Default::default()
    };
    Some(Filter::new("envoy.extensions.filters.network.sni_dynamic_forward_proxy", config))
}

fn is_dynamic(service: &ScopedService<'_>) -> bool {
    service.service.resolution() == Resolution::DynamicDns
}

fn host_cache(service: &ScopedService<'_>) -> DnsCacheConfig {
    DnsCacheConfig {
        name: format!("{}_dfp_dns_cache", service.host()),
        dns_lookup_family: DnsLookupFamily::V4Only,
        ..Default::default()
    }
}

/// The names that proxies resolve where all traffic may go out by name.
pub(super) fn any_host_cache() -> DnsCacheConfig {
    DnsCacheConfig {
        name: "allow_any_dfp_dns_cache".to_owned(),
        dns_lookup_family: DnsLookupFamily::V4Only,
        max_hosts: Some(1024),
        ..Default::default()
    }
}

impl Chain {
    fn new(filters: Vec<Filter>, subnets: &[String]) -> Self {
        Self { server_names: Vec::new(), subnets: subnets.to_vec(), plain_http: false, filters, at: None }
    }

    fn at(self, at: Span) -> Self {
        Self { at: Some(at), ..self }
    }

    /// None if any SNI will do.
    fn names(&self) -> Vec<String> {
        match self.server_names.iter().any(|name| name == "*") {
            true => Vec::new(),
            false => {
                let mut names = self.server_names.clone();
                names.sort_unstable();
                names
            }
        }
    }

    fn ranges(&self) -> Vec<CidrRange> {
        let mut texts: Vec<_> = self.subnets.iter().filter(|text| !text.starts_with(NO_ADDRESS)).collect();
        texts.sort_unstable();
        let parsed = texts.into_iter().filter_map(|text| Subnet::parse(text).ok().map(|subnet| (text, subnet)));
        parsed
            .map(|(text, subnet)| {
                let address = text.split('/').next().unwrap_or(text);
                CidrRange::new(address, u32::from(subnet.network().prefix_len()))
            })
            .collect()
    }

    /// What it is told from others by.
    fn criteria(&self) -> (bool, Vec<String>, Vec<String>) {
        let masked = self.subnets.iter().filter_map(|text| Subnet::parse(text).ok());
        let mut ranges: Vec<_> = masked.map(|subnet| subnet.network().trunc().to_string()).collect();
        ranges.retain(|range| !range.starts_with(NO_ADDRESS));
        ranges.sort_unstable();
        (self.plain_http, self.names(), ranges)
    }

    fn takes_everything(&self) -> bool {
        !self.plain_http && self.names().is_empty() && self.ranges().is_empty()
    }

    fn finish(self, with_match: bool) -> FilterChain {
        let matched = FilterChainMatch {
            prefix_ranges: self.ranges(),
            server_names: self.names(),
            transport_protocol: if self.plain_http { "raw_buffer".to_owned() } else { String::new() },
            application_protocols: match self.plain_http {
                true => PLAIN_HTTP.map(str::to_owned).to_vec(),
                false => Vec::new(),
            },
            ..Default::default()
        };
        let mut chain = FilterChain {
            filter_chain_match: with_match.then_some(matched),
            filters: self.filters,
            transport_socket_connect_timeout: Some(CONNECT_TIMEOUT),
            ..Default::default()
        };
        if let Some(at) = self.at {
            provenance::mark(&mut chain.metadata, at);
        }
        chain
    }
}

impl Entry {
    /// Adds what does not compete with a chain that is there.
    fn merge(&mut self, chains: Vec<Chain>) {
        for chain in chains {
            let criteria = chain.criteria();
            if self.chains.iter().all(|own| own.criteria() != criteria) {
                self.chains.push(chain);
            }
        }
    }

    fn finish(self, context: &Context<'_, '_>) -> Listener {
        let by_sni = self.chains.iter().any(|chain| !chain.names().is_empty());
        let by_protocol = self.chains.iter().any(|chain| chain.plain_http);
        let mut default = None;
        let mut chains = Vec::new();
        for chain in self.chains {
            match chain.takes_everything() {
                true => default = Some(chain.finish(false)),
                false => chains.push(chain.finish(true)),
            }
        }
        let default = match (default, chains.is_empty()) {
            (Some(only), true) => {
                chains.push(only);
                None
            }
            (Some(default), false) => Some(default),
            (None, _) => Some(pass_through(context)),
        };
        let mut filters = Vec::new();
        if by_sni {
            filters.push(tls_inspector());
        }
        if by_protocol {
            filters.push(http_inspector());
        }
        Listener {
            name: format!("{}_{}", self.bind.address, self.port.number),
            address: Some(address(&self.bind.address, self.port.number)),
            filter_chains: chains,
            default_filter_chain: default,
            listener_filters: filters,
            listener_filters_timeout: Some(if by_protocol { detection_timeout(context) } else { Duration::ZERO }),
            continue_on_listener_filters_timeout: true,
            traffic_direction: TrafficDirection::Outbound,
            bind_to_port: (!self.bind.bound).then_some(false),
            max_connections_to_accept_per_socket_event: self.bind.bound.then_some(1),
            ..Default::default()
        }
    }
}

/// The address of a listener. A socket has no port; with one it is taken for an address, which Envoy refuses.
pub(super) fn address(bind: &str, port: i64) -> Address {
    match bind.strip_prefix("unix://") {
        Some(path) if port == 0 => Address::pipe(path),
        _ => Address::socket(bind, port.try_into().unwrap_or_default()),
    }
}

pub(super) fn tls_inspector() -> ListenerFilter {
    let config = TlsInspector { initial_read_buffer_size: Some(512), ..Default::default() };
    ListenerFilter::new("envoy.filters.listener.tls_inspector", config)
}

pub(super) fn http_inspector() -> ListenerFilter {
    ListenerFilter::new("envoy.filters.listener.http_inspector", HttpInspector::default())
}

/// `protocolDetectionTimeout` of the mesh; zero waits without limit.
pub(super) fn detection_timeout(context: &Context<'_, '_>) -> Duration {
    let config = context.push.mesh.settings.config.as_ref();
    config.and_then(|config| config.protocol_detection_timeout).map_or(Duration::ZERO, |time| time.value.to_std())
}

/// Where traffic goes that no chain of a listener is for.
fn pass_through(context: &Context<'_, '_>) -> FilterChain {
    FilterChain {
        filter_chain_match: Some(FilterChainMatch::default()),
        filters: vec![catch_all(context)],
        name: "PassthroughFilterChain".to_owned(),
        ..Default::default()
    }
}

fn catch_all(context: &Context<'_, '_>) -> Filter {
    tcp::fixed_filter(context, &catch_all_cluster(&context.scope.outbound), true)
}

/// The cluster for traffic for which nothing is configured.
pub(super) fn catch_all_cluster(policy: &OutboundPolicy<'_>) -> String {
    match policy {
        OutboundPolicy::RegistryOnly => BLACK_HOLE.to_owned(),
        OutboundPolicy::AllowAny { egress_proxy: Some(Target { host, subset, port }) } => {
            super::names::outbound_cluster(port.unwrap_or_default(), subset, host)
        }
        OutboundPolicy::AllowAny { egress_proxy: None } | OutboundPolicy::AllowAnyDynamicDns => PASSTHROUGH.to_owned(),
    }
}

/// `proxyHttpPort`: a listener for clients that use HTTP_PROXY.
fn http_proxy(context: &Context<'_, '_>) -> Option<Listener> {
    let port = context.push.mesh.settings.config.as_ref()?.proxy_http_port?.value;
    if port == 0 {
        return None;
    }
    let address = context.proxy.loopback();
    let manager = Manager::new(Place::SidecarOutbound, format!("outbound_{address}_{port};"), hcm::rds("http_proxy"));
    let bind = Bind { address: address.to_owned(), bound: true, explicit: true };
    let chain = Chain::new(vec![hcm::filter(context, manager)], &[]);
    let port = Port { number: port, protocol: Protocol::HttpProxy };
    Some(Entry { bind, port, kind: Kind::Http, chains: vec![chain], locked: false }.finish(context))
}

/// Takes everything that the workload sends and hands it to the listener of its address, or on.
fn virtual_outbound(context: &Context<'_, '_>) -> Listener {
    let config = context.push.mesh.settings.config.as_ref();
    let port = config.and_then(|config| config.proxy_listen_port).map_or(OUTBOUND_PORT, |port| port.value);
    let destination_port = port.try_into().ok();
    let black_hole = FilterChain {
        filter_chain_match: Some(FilterChainMatch { destination_port, ..Default::default() }),
        filters: vec![tcp::fixed_filter(context, BLACK_HOLE, false)],
        name: "virtualOutbound-blackhole".to_owned(),
        ..Default::default()
    };
    let mut chains = vec![black_hole];
    let mut listener_filters = Vec::new();
    if context.scope.outbound == OutboundPolicy::AllowAnyDynamicDns {
        listener_filters.push(http_inspector());
        chains.push(any_host_chain(context));
    }
    chains.push(FilterChain {
        filters: vec![catch_all(context)],
        name: "virtualOutbound-catchall-tcp".to_owned(),
        ..Default::default()
    });
    let transparent = context.proxy.interception == Interception::TransparentProxy;
    Listener {
        name: "virtualOutbound".to_owned(),
        address: Some(address(context.proxy.wildcard(), port)),
        filter_chains: chains,
        listener_filters,
        use_original_dst: Some(true),
        transparent: transparent.then_some(true),
        traffic_direction: TrafficDirection::Outbound,
        access_log: context.access_logs.of_listener(Part::Client),
        max_connections_to_accept_per_socket_event: Some(1),
        ..Default::default()
    }
}

/// HTTP to hosts that nothing is known of, each resolved by its name.
fn any_host_chain(context: &Context<'_, '_>) -> FilterChain {
    let routes =
        RouteSpecifier::RouteConfig(routes::configuration("allow_any_dynamic_dns", vec![routes::catch_all(context)]));
    let mut manager = Manager::new(Place::SidecarOutbound, "outbound_virtualOutbound_allow_any_dynamic_dns;", routes);
    manager.dynamic_forward_proxy =
        Some(DynamicForwardProxy { dns_cache_config: Some(any_host_cache()), ..Default::default() });
    FilterChain {
        filter_chain_match: Some(FilterChainMatch {
            application_protocols: PLAIN_HTTP.map(str::to_owned).to_vec(),
            ..Default::default()
        }),
        filters: vec![hcm::filter(context, manager)],
        name: "virtualOutbound-catchall-tcp-http".to_owned(),
        ..Default::default()
    }
}

/// The names by which listeners ask for routes.
pub(super) fn route_names(listeners: &[Listener]) -> Vec<String> {
    let managers = listeners.iter().flat_map(Listener::managers);
    let mut names: Vec<_> = managers.filter_map(HttpConnectionManager::routes_name).map(str::to_owned).collect();
    names.sort_unstable();
    names.dedup();
    names
}
