//! What gateways get: listeners for the servers of the Gateways that select them, and the routes of the
//! VirtualServices that name these Gateways.

mod bound;
mod chains;
mod routes;
mod servers;
mod tls;

use std::collections::BTreeMap;

use crate::envoy::core::{Address, TrafficDirection};
use crate::envoy::listener::{Listener, ListenerFilter, ProxyProtocol};

use super::Context;
use super::access_log::Part;
use super::security::Security;
use super::sockets::tls_inspector;

use chains::{Chain, Chains};

pub(super) use routes::configurations;
pub(super) use servers::{Servers, listening_port};

/// The listeners of a gateway, sorted by name.
pub(super) fn listeners<'t>(context: &Context<'_, 't>, servers: &Servers<'t>, security: &Security) -> Vec<Listener> {
    let mut by_place: BTreeMap<(&str, i64), Vec<Chain>> = BTreeMap::new();
    let mut chains = Chains::new(context, servers, security);
    for group in servers.groups.iter().filter(|group| context.proxy.can_bind(group.key.port)) {
        let bind = if group.key.bind.is_empty() { context.proxy.wildcard() } else { group.key.bind };
        let name = name(bind, group.key.port);
        by_place.entry((bind, group.key.port)).or_default().extend(chains.of_group(group, &name));
    }
    // Envoy refuses a listener that has no chain.
    let usable = by_place.into_iter().filter(|(_, chains)| !chains.is_empty());
    let mut listeners: Vec<_> = usable.map(|((bind, port), chains)| listener(context, bind, port, chains)).collect();
    listeners.sort_by(|left, right| left.name.cmp(&right.name));
    listeners
}

fn name(bind: &str, port: i64) -> String {
    format!("{bind}_{port}")
}

fn listener(context: &Context<'_, '_>, bind: &str, port: i64, chains: Vec<Chain>) -> Listener {
    let settings = &context.proxy.settings;
    let mut listener_filters = Vec::new();
    if settings.topology.proxy_protocol {
        listener_filters.push(ListenerFilter::new("envoy.filters.listener.proxy_protocol", ProxyProtocol::default()));
    }
    if chains.iter().any(Chain::looks_at_tls) {
        listener_filters.push(tls_inspector());
    }
    Listener {
        name: name(bind, port),
        address: Some(Address::socket(bind, port.try_into().unwrap_or_default())),
        filter_chains: chains.into_iter().map(Chain::finish).collect(),
        listener_filters,
        traffic_direction: TrafficDirection::Outbound,
        per_connection_buffer_limit_bytes: settings.connections_of(true).buffer_limit,
        max_connections_to_accept_per_socket_event: Some(1),
        access_log: context.access_logs.of_listener(Part::Client),
        ..Default::default()
    }
}
