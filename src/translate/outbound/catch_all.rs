//! Where traffic goes that no service is for.

use crate::envoy::core::TrafficDirection;
use crate::envoy::http_connection_manager::RouteSpecifier;
use crate::envoy::http_filter::DynamicForwardProxy;
use crate::envoy::listener::{Filter, FilterChain, FilterChainMatch, Listener};
use crate::translate::access_log::Part;
use crate::translate::hcm::{self, Manager, Place};
use crate::translate::names::{BLACK_HOLE, PASSTHROUGH, outbound_cluster};
use crate::translate::proxy::Interception;
use crate::translate::push::Target;
use crate::translate::scope::OutboundPolicy;
use crate::translate::sockets::{PLAIN_HTTP, address, http_inspector};
use crate::translate::{Context, routes, tcp};

use super::OUTBOUND_PORT;
use super::forward_proxy::any_host_cache;

/// Takes everything that the workload sends and hands it to the listener of its address, or on.
pub(super) fn virtual_outbound(context: &Context<'_, '_>) -> Listener {
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

/// Where traffic goes that no chain of a listener is for.
pub(super) fn pass_through(context: &Context<'_, '_>) -> FilterChain {
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
fn catch_all_cluster(policy: &OutboundPolicy<'_>) -> String {
    match policy {
        OutboundPolicy::RegistryOnly => BLACK_HOLE.to_owned(),
        OutboundPolicy::AllowAny { egress_proxy: Some(Target { host, subset, port }) } => {
            outbound_cluster(port.unwrap_or_default(), subset, host)
        }
        OutboundPolicy::AllowAny { egress_proxy: None } | OutboundPolicy::AllowAnyDynamicDns => PASSTHROUGH.to_owned(),
    }
}
