//! Listeners for what a workload sends (istio 1.31 `pilot/pkg/networking/core/listener.go`,
//! `buildSidecarOutboundListeners`).

mod catch_all;
mod entry;
mod forward_proxy;
mod l4;

use rustc_hash::FxHashMap;

use crate::envoy::http_connection_manager::HttpConnectionManager;
use crate::envoy::listener::Listener;
use crate::mesh::{Protocol, Resolution};
use crate::model::Int;

use super::Context;
use super::hcm::{self, Manager, Place};
use super::proxy::Interception;
use super::push::NO_ADDRESS;
use super::scope::{EgressListener, ScopedService};
use catch_all::virtual_outbound;
use entry::{Bind, Chain, Entry, Kind, Port};
use forward_proxy::dynamic_forward_proxy;

const OUTBOUND_PORT: i64 = 15001;
const INBOUND_PORT: i64 = 15006;

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
        let bind = address.map(|address| Bind { address: address.to_owned(), bound, subnets: Vec::new() });
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
        let own = &service.service.address;
        let is_subnet = service.service.is_subnet() && kind != Kind::Http;
        let mut bind = bind.cloned().unwrap_or_else(|| {
            let on_wildcard = kind == Kind::Http || is_subnet || own == NO_ADDRESS;
            let address = if on_wildcard { self.context.proxy.wildcard() } else { own };
            Bind { address: address.to_owned(), bound: false, subnets: Vec::new() }
        });
        if is_subnet {
            bind.subnets.push(own.clone());
        }
        self.add_at(listener, service, port, kind, bind);
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
                let bind = Bind { address: endpoint.address.to_string(), bound: false, subnets: Vec::new() };
                self.add_at(listener, service, port, kind, bind);
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
    ) {
        let on_wildcard = bind.address == self.context.proxy.wildcard();
        if bind.bound && !self.context.proxy.can_bind(port.number) || on_wildcard && self.is_reserved(port.number) {
            return;
        }
        let key = (bind.address.clone(), port.number);
        let Some(&at) = self.index.get(&key) else {
            let entry = self.entry(listener, service, port, kind, bind);
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
            (Kind::Http, Kind::Auto) => self.entries[at] = self.entry(listener, service, port, kind, bind),
            (Kind::Http | Kind::Auto, Kind::Tcp) => {
                let chains = self.tcp_chains(listener, service, port, &bind);
                self.entries[at].merge(chains);
                self.entries[at].kind = Kind::Auto;
            }
            (Kind::Tcp, Kind::Tcp) => {
                let speaks_first = |protocol| matches!(protocol, Protocol::MySql | Protocol::Mongo);
                let (old, new) = (existing.port.protocol, port.protocol);
                if old == new || !speaks_first(old) && !speaks_first(new) {
                    let chains = self.tcp_chains(listener, service, port, &bind);
                    self.entries[at].merge(chains);
                }
            }
            (Kind::Tcp, Kind::Http) => {
                let chain = self.http_chain(service, port, &bind, Kind::Http);
                self.entries[at].merge(vec![Chain { plain_http: true, ..chain }]);
                self.entries[at].kind = Kind::Auto;
            }
            (Kind::Tcp, Kind::Auto) => {
                let made = self.entry(listener, service, port, kind, bind);
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
    ) -> Entry {
        let mut chains = match kind {
            Kind::Http => Vec::new(),
            Kind::Tcp | Kind::Auto => self.tcp_chains(listener, service, port, &bind),
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
}

/// `proxyHttpPort`: a listener for clients that use HTTP_PROXY.
fn http_proxy(context: &Context<'_, '_>) -> Option<Listener> {
    let port = context.push.mesh.settings.config.as_ref()?.proxy_http_port?.value;
    if port == 0 {
        return None;
    }
    let address = context.proxy.loopback();
    let manager = Manager::new(Place::SidecarOutbound, format!("outbound_{address}_{port};"), hcm::rds("http_proxy"));
    let bind = Bind { address: address.to_owned(), bound: true, subnets: Vec::new() };
    let chain = Chain::new(vec![hcm::filter(context, manager)], &[]);
    let port = Port { number: port, protocol: Protocol::HttpProxy };
    Some(Entry { bind, port, kind: Kind::Http, chains: vec![chain], locked: false }.finish(context))
}

/// The names by which listeners ask for routes.
pub(super) fn route_names(listeners: &[Listener]) -> Vec<String> {
    let managers = listeners.iter().flat_map(Listener::managers);
    let mut names: Vec<_> = managers.filter_map(HttpConnectionManager::routes_name).map(str::to_owned).collect();
    names.sort_unstable();
    names.dedup();
    names
}
