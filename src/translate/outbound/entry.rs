//! One listener, as long as services add to it.

use std::time::Duration;

use crate::envoy::core::{CidrRange, TrafficDirection};
use crate::envoy::listener::{Filter, FilterChain, FilterChainMatch, Listener};
use crate::format::Subnet;
use crate::mesh::Protocol;
use crate::source::Span;
use crate::translate::push::NO_ADDRESS;
use crate::translate::sockets::{
    CONNECT_TIMEOUT, PLAIN_HTTP, address, detection_timeout, http_inspector, tls_inspector,
};
use crate::translate::{Context, provenance};

use super::catch_all::pass_through;

/// What a listener serves; one that serves HTTP on all addresses lets other traffic through, so it counts as `Auto`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Http,
    Tcp,
    Auto,
}

impl Kind {
    pub(super) fn of(protocol: Protocol) -> Option<Self> {
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
pub(super) struct Bind {
    /// An address, or `unix://` and a path.
    pub address: String,
    /// It takes a port of the pod, rather than what is redirected to the proxy.
    pub bound: bool,
    /// What connections there must be for, if the address does not tell.
    pub subnets: Vec<String>,
}

/// The port that a listener is for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Port {
    pub number: i64,
    pub protocol: Protocol,
}

pub(super) struct Entry {
    pub bind: Bind,
    pub port: Port,
    pub kind: Kind,
    pub chains: Vec<Chain>,
    /// Made for an egress listener with a port: those without add nothing to it.
    pub locked: bool,
}

/// A filter chain that may yet turn out to be the default.
#[derive(Clone)]
pub(super) struct Chain {
    pub server_names: Vec<String>,
    pub subnets: Vec<String>,
    pub plain_http: bool,
    pub filters: Vec<Filter>,
    /// The service or the route that it is for, if it is for one.
    pub at: Option<Span>,
}

impl Chain {
    pub(super) fn new(filters: Vec<Filter>, subnets: &[String]) -> Self {
        Self { server_names: Vec::new(), subnets: subnets.to_vec(), plain_http: false, filters, at: None }
    }

    pub(super) fn at(self, at: Span) -> Self {
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
    pub(super) fn merge(&mut self, chains: Vec<Chain>) {
        for chain in chains {
            let criteria = chain.criteria();
            if self.chains.iter().all(|own| own.criteria() != criteria) {
                self.chains.push(chain);
            }
        }
    }

    pub(super) fn finish(self, context: &Context<'_, '_>) -> Listener {
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
