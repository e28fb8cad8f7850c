//! Listeners, filter chains and listener filters: `envoy.config.listener.v3`.

use std::net::SocketAddr;
use std::time::Duration;

use super::access_log::AccessLog;
use super::any::Any;
use super::core::{Address, CidrRange, Metadata, TrafficDirection, TransportSocket};
use super::http_connection_manager::HttpConnectionManager;
use super::matcher::Int32Range;

extension!(Filter);
extension!(ListenerFilter);

message! {
    pub struct Listener = "envoy.config.listener.v3.Listener" {
        name: String,
        address: Option<Address>,
        stat_prefix: String,
        filter_chains: Vec<FilterChain>,
        use_original_dst: Option<bool>,
        default_filter_chain: Option<FilterChain>,
        per_connection_buffer_limit_bytes: Option<u32>,
        listener_filters: Vec<ListenerFilter>,
        listener_filters_timeout: Option<Duration>,
        continue_on_listener_filters_timeout: bool,
        transparent: Option<bool>,
        freebind: Option<bool>,
        traffic_direction: TrafficDirection,
        reuse_port: bool,
        enable_reuse_port: Option<bool>,
        access_log: Vec<AccessLog>,
        tcp_backlog_size: Option<u32>,
        max_connections_to_accept_per_socket_event: Option<u32>,
        bind_to_port: Option<bool>,
    }
}

impl Listener {
    /// The default chain comes last.
    pub fn chains(&self) -> impl Iterator<Item = &FilterChain> {
        self.filter_chains.iter().chain(&self.default_filter_chain)
    }

    pub fn chains_mut(&mut self) -> impl Iterator<Item = &mut FilterChain> {
        self.filter_chains.iter_mut().chain(&mut self.default_filter_chain)
    }

    /// Those of all chains.
    pub fn filters(&self) -> impl Iterator<Item = &Filter> {
        self.chains().flat_map(|chain| &chain.filters)
    }

    pub fn managers(&self) -> impl Iterator<Item = &HttpConnectionManager> {
        self.filters().filter_map(|filter| match &filter.typed_config {
            Some(Any::HttpConnectionManager(manager)) => Some(&**manager),
            _ => None,
        })
    }

    pub fn managers_mut(&mut self) -> impl Iterator<Item = &mut HttpConnectionManager> {
        self.chains_mut().flat_map(|chain| &mut chain.filters).filter_map(|filter| match &mut filter.typed_config {
            Some(Any::HttpConnectionManager(manager)) => Some(&mut **manager),
            _ => None,
        })
    }

    /// `None` for a pipe.
    pub fn socket_address(&self) -> Option<SocketAddr> {
        self.address.as_ref()?.socket_address()
    }
}

message! {
    pub struct FilterChain = "envoy.config.listener.v3.FilterChain" {
        filter_chain_match: Option<FilterChainMatch>,
        filters: Vec<Filter>,
        metadata: Option<Metadata>,
        transport_socket: Option<TransportSocket>,
        transport_socket_connect_timeout: Option<Duration>,
        name: String,
    }
}

message! {
    pub struct FilterChainMatch = "envoy.config.listener.v3.FilterChainMatch" {
        destination_port: Option<u32>,
        prefix_ranges: Vec<CidrRange>,
        direct_source_prefix_ranges: Vec<CidrRange>,
        source_type: ConnectionSourceType,
        source_prefix_ranges: Vec<CidrRange>,
        source_ports: Vec<u32>,
        server_names: Vec<String>,
        transport_protocol: String,
        application_protocols: Vec<String>,
    }
}

message! {
    pub struct Filter = "envoy.config.listener.v3.Filter" {
        name: String,
        typed_config: Option<Any>,
    }
}

message! {
    pub struct ListenerFilter = "envoy.config.listener.v3.ListenerFilter" {
        name: String,
        typed_config: Option<Any>,
        filter_disabled: Option<ListenerPredicate>,
    }
}

choice! {
    pub enum ListenerPredicate = "envoy.config.listener.v3.ListenerFilterChainMatchPredicate" {
        OrMatch: PredicateSet = "or_match",
        AndMatch: PredicateSet = "and_match",
        NotMatch: Box<ListenerPredicate> = "not_match",
        AnyMatch: bool = "any_match",
        DestinationPortRange: Int32Range = "destination_port_range",
    }
}

message! {
    pub struct PredicateSet = "envoy.config.listener.v3.ListenerFilterChainMatchPredicate.MatchSet" {
        rules: Vec<ListenerPredicate>,
    }
}

message! {
    pub struct HttpInspector = "envoy.extensions.filters.listener.http_inspector.v3.HttpInspector" {}
}

message! {
    pub struct OriginalDst = "envoy.extensions.filters.listener.original_dst.v3.OriginalDst" {}
}

message! {
    pub struct OriginalSrc = "envoy.extensions.filters.listener.original_src.v3.OriginalSrc" {
        mark: u32,
    }
}

message! {
    pub struct ProxyProtocol = "envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol" {
        allow_requests_without_proxy_protocol: bool,
    }
}

message! {
    pub struct TlsInspector = "envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector" {
        initial_read_buffer_size: Option<u32>,
    }
}

names! {
    pub enum ConnectionSourceType = "envoy.config.listener.v3.FilterChainMatch.ConnectionSourceType" {
        Any = "ANY",
        SameIpOrLoopback = "SAME_IP_OR_LOOPBACK",
        External = "EXTERNAL",
    }
}
