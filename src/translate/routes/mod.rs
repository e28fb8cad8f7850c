//! Route configurations of sidecars, and what VirtualServices say about HTTP (istio 1.31
//! `pilot/pkg/networking/core/httproute.go`).

mod action;
mod domains;
mod filters;
mod hashing;
mod headers;
mod http;
mod matching;
mod retries;
mod virtual_hosts;

use std::collections::BTreeMap;
use std::time::Duration;

use rustc_hash::FxHashMap;

use crate::envoy::route::{
    Action, ClusterSpecifier, DirectResponseAction, Route, RouteAction, RouteConfiguration, VirtualHost,
};
use crate::mesh::Protocol;

use super::scope::{EgressListener, OutboundPolicy};
use super::{Context, destinations, names};

pub(super) use domains::with_port;
pub(super) use http::{Environment, routes};
pub(super) use matching::is_catch_all;

/// The route configurations that the listeners of a sidecar name, sorted. `names` may have one twice.
pub(super) fn configurations(context: &Context<'_, '_>, names: &[String]) -> Vec<RouteConfiguration> {
    let mut by_port: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for name in names {
        let parsed = RouteName::parse(name);
        // What is not of a port is of a listener of its own.
        let alone = parsed.port.is_none().then_some(name);
        by_port.entry((parsed.port, alone)).or_default().push(parsed);
    }
    let mut all: Vec<_> = by_port.into_values().flat_map(|names| of_port(context, &names)).collect();
    all.sort_by(|left, right| left.name.cmp(&right.name));
    all.dedup_by(|left, right| left.name == right.name);
    all
}

/// What is the same for all that sidecars and gateways have.
pub(super) fn configuration(name: &str, virtual_hosts: Vec<VirtualHost>) -> RouteConfiguration {
    RouteConfiguration {
        name: name.to_owned(),
        virtual_hosts,
        validate_clusters: Some(false),
        // More than Envoy allows by default: as much as the API does.
        max_direct_response_body_size_bytes: Some(1 << 20),
        ignore_port_in_host_matching: true,
        ..Default::default()
    }
}

/// `80`, `service:80`, `unix:///socket` or `http_proxy`.
#[derive(Clone, Copy)]
struct RouteName<'n> {
    text: &'n str,
    /// `None`: of all ports.
    port: Option<i64>,
    /// The service, where the listener has the address of that one alone.
    host: Option<&'n str>,
}

impl<'n> RouteName<'n> {
    fn parse(text: &'n str) -> Self {
        if text.starts_with("unix:") {
            return Self { text, port: None, host: None };
        }
        let (host, port) = text.split_once(':').map_or((None, text), |(host, port)| (Some(host), port));
        Self { text, port: port.parse().ok(), host }
    }

    /// Whether it asks for what the listener imports. The listener without a port is the last.
    fn is_served_by(&self, listener: &EgressListener<'_>) -> bool {
        match listener.port() {
            None => true,
            Some((0, _)) => {
                let bind = listener.spec.and_then(|spec| spec.bind);
                self.port.is_none() && bind.is_some_and(|bind| bind.value == self.text)
            }
            Some((number, _)) => self.port == Some(number),
        }
    }
}

/// All configurations of a port, which share their virtual hosts.
fn of_port(context: &Context<'_, '_>, names: &[RouteName<'_>]) -> Vec<RouteConfiguration> {
    let Some(first) = names.first() else { return Vec::new() };
    let listener = context.scope.listeners.iter().find(|listener| first.is_served_by(listener));
    let proxied = |listener: &EgressListener<'_>| listener.port().is_some_and(|(_, it)| it == Protocol::HttpProxy);
    let virtual_hosts = listener.map(|listener| {
        let port = first.port.filter(|_| !proxied(listener));
        virtual_hosts::virtual_hosts(context, listener, port)
    });
    let virtual_hosts = virtual_hosts.unwrap_or_default();
    let by_domain = by_domain(&virtual_hosts);
    let of_name = names.iter().map(|name| {
        let virtual_hosts = match name.host {
            None => with_catch_all(context, virtual_hosts.clone()),
            Some(host) => {
                let found = by_domain.get(host).or_else(|| by_domain.get(name.text));
                found.map(|&at| for_any_host(&virtual_hosts[at])).into_iter().collect()
            }
        };
        configuration(name.text, virtual_hosts)
    });
    of_name.collect()
}

fn by_domain(virtual_hosts: &[VirtualHost]) -> FxHashMap<&str, usize> {
    let domains = virtual_hosts.iter().enumerate();
    domains.flat_map(|(at, host)| host.domains.iter().map(move |domain| (domain.as_str(), at))).collect()
}

/// A listener with the address of one service does not ask for names.
fn for_any_host(virtual_host: &VirtualHost) -> VirtualHost {
    VirtualHost { domains: vec!["*".to_owned()], ..virtual_host.clone() }
}

fn with_catch_all(context: &Context<'_, '_>, mut virtual_hosts: Vec<VirtualHost>) -> Vec<VirtualHost> {
    virtual_hosts.sort_by(|left, right| left.name.cmp(&right.name));
    virtual_hosts.push(catch_all(context));
    virtual_hosts
}

/// For hosts that nothing is known of.
pub(super) fn catch_all(context: &Context<'_, '_>) -> VirtualHost {
    let to_cluster = |cluster: String| {
        Action::Route(RouteAction {
            cluster_specifier: Some(ClusterSpecifier::Cluster(cluster)),
            timeout: Some(Duration::ZERO),
            max_grpc_timeout: Some(Duration::ZERO),
            append_x_forwarded_host: context.proxy.settings.headers.forwarded_host,
            ..Default::default()
        })
    };
    let (name, action) = match &context.scope.outbound {
        OutboundPolicy::AllowAny { egress_proxy: None } => ("allow_any", to_cluster(names::PASSTHROUGH.to_owned())),
        OutboundPolicy::AllowAny { egress_proxy: Some(proxy) } => {
            ("allow_any", to_cluster(destinations::cluster(proxy, None, 0)))
        }
        OutboundPolicy::AllowAnyDynamicDns => ("allow_any_dynamic_dns", to_cluster(names::DYNAMIC_DNS.to_owned())),
        OutboundPolicy::RegistryOnly => {
            ("block_all", Action::DirectResponse(DirectResponseAction { status: 502, ..Default::default() }))
        }
    };
    let route = Route {
        name: name.to_owned(),
        r#match: Some(matching::everything()),
        action: Some(action),
        ..Default::default()
    };
    VirtualHost {
        name: name.to_owned(),
        domains: vec!["*".to_owned()],
        routes: vec![route],
        include_request_attempt_count: context.proxy.settings.headers.attempt_count,
        ..Default::default()
    }
}
