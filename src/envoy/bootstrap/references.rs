//! Which clusters a listener leads to.

use crate::envoy::any::Any;
use crate::envoy::http_connection_manager::{HttpConnectionManager, RouteSpecifier};
use crate::envoy::listener::{FilterChain, Listener};
use crate::envoy::network_filter::{TcpClusterSpecifier, TcpProxy};
use crate::envoy::route::{Action, ClusterSpecifier, RouteAction};

/// The clusters that TCP proxies lead to.
pub(super) fn tcp_clusters(listener: &Listener) -> impl Iterator<Item = &str> {
    listener.filters().flat_map(|filter| match &filter.typed_config {
        Some(Any::TcpProxy(proxy)) => proxy.clusters(),
        _ => Vec::new(),
    })
}

/// The names of all clusters that TCP proxies, and routes in the listener, send connections and requests to.
pub(super) fn clusters_mut(listener: &mut Listener) -> impl Iterator<Item = &mut String> {
    listener.chains_mut().flat_map(of_chain_mut)
}

fn of_chain_mut(chain: &mut FilterChain) -> impl Iterator<Item = &mut String> {
    chain.filters.iter_mut().flat_map(|filter| match &mut filter.typed_config {
        Some(Any::TcpProxy(proxy)) => of_tcp_proxy_mut(proxy),
        Some(Any::HttpConnectionManager(manager)) => of_routes_mut(manager),
        _ => Vec::new(),
    })
}

fn of_tcp_proxy_mut(proxy: &mut TcpProxy) -> Vec<&mut String> {
    match &mut proxy.cluster_specifier {
        None => Vec::new(),
        Some(TcpClusterSpecifier::Cluster(name)) => vec![name],
        Some(TcpClusterSpecifier::WeightedClusters(weighted)) => {
            weighted.clusters.iter_mut().map(|cluster| &mut cluster.name).collect()
        }
    }
}

fn of_routes_mut(manager: &mut HttpConnectionManager) -> Vec<&mut String> {
    let Some(RouteSpecifier::RouteConfig(routes)) = &mut manager.route_specifier else { return Vec::new() };
    let routes = routes.virtual_hosts.iter_mut().flat_map(|host| &mut host.routes);
    let actions = routes.filter_map(|route| match &mut route.action {
        Some(Action::Route(action)) => Some(action),
        _ => None,
    });
    actions.flat_map(of_action_mut).collect()
}

fn of_action_mut(action: &mut RouteAction) -> Vec<&mut String> {
    match &mut action.cluster_specifier {
        Some(ClusterSpecifier::Cluster(name)) => vec![name],
        Some(ClusterSpecifier::WeightedClusters(weighted)) => {
            weighted.clusters.iter_mut().map(|cluster| &mut cluster.name).collect()
        }
        Some(ClusterSpecifier::ClusterHeader(_)) | None => Vec::new(),
    }
}
