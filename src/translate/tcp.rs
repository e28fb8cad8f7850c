//! Filters of chains that pass bytes on (istio 1.31 `pilot/pkg/networking/core/networkfilter.go`).

use serde_json::json;

use crate::envoy::core::{ConnectionHashPolicy, SourceIp};
use crate::envoy::listener::Filter;
use crate::envoy::network_filter::{
    ClusterWeight, MongoProxy, TcpClusterSpecifier, TcpProxy, TunnelingConfig, WeightedClusters,
};
use crate::mesh::{MergedRule, Protocol, ServicePort};
use crate::model::destination_rule::{TrafficPolicy, TunnelSettings};
use crate::model::virtual_service::RouteDestination;

use super::access_log::Part;
use super::push::{Target, VirtualService};
use super::routes::with_port;
use super::scope::ScopedService;
use super::stat_names::StatName;
use super::{Context, destinations, hcm, names};

/// A destination of a TCP or TLS route, and the service that it leads to, if the proxy knows one.
pub(super) struct Destination<'c, 't> {
    pub target: Target<'t>,
    pub weight: u32,
    pub service: Option<&'c ScopedService<'t>>,
}

/// Understands the destinations of a route of a VirtualService.
pub(super) fn destinations<'c, 't>(
    context: &'c Context<'_, 't>,
    virtual_service: &VirtualService<'t>,
    route: &[RouteDestination<'t>],
) -> Vec<Destination<'c, 't>> {
    let own = virtual_service.namespace();
    let written = route.iter().filter_map(|weighted| Some((weighted.destination.as_ref()?, weighted.weight)));
    let understood = written.map(|(destination, weight)| {
        let target = Target::new(context.push.mesh, destination, own);
        let weight = weight.and_then(|weight| weight.value.try_into().ok()).unwrap_or_default();
        Destination { service: context.scope.service(&target.host), target, weight }
    });
    understood.collect()
}

/// The filters of a chain for the destinations of a route, on a listener or server for `port`.
pub(super) fn route_filters<'t>(
    context: &Context<'_, 't>,
    virtual_service: &VirtualService<'t>,
    destinations: &[Destination<'_, 't>],
    port: i64,
    protocol: Protocol,
) -> Vec<Filter> {
    match destinations {
        [single] => {
            let cluster = destinations::cluster(&single.target, single.service, port);
            let prefix = stat_prefix(context, &cluster, single.service, single.target.subset, port);
            let rule = rule(context, single.service);
            let mut proxy = proxy(context, prefix, cluster, rule);
            proxy.hash_policy = hash_policy(rule, single.target.subset);
            proxy.tunneling_config = tunnel(rule, single.target.subset).map(tunneling);
            filters(proxy, protocol)
        }
        several => {
            let weighted = several.iter().filter(|destination| destination.weight > 0);
            let clusters = weighted.map(|destination| ClusterWeight {
                name: destinations::cluster(&destination.target, destination.service, port),
                weight: destination.weight,
                ..Default::default()
            });
            let clusters = WeightedClusters { clusters: clusters.collect(), ..Default::default() };
            let rule = several.first().and_then(|first| rule(context, first.service));
            let prefix = format!("{}.{}", virtual_service.name(), virtual_service.namespace());
            let mut proxy = proxy(context, prefix, String::new(), rule);
            proxy.cluster_specifier = Some(TcpClusterSpecifier::WeightedClusters(clusters));
            // Only the first destination counts, and only what holds for all of its host.
            proxy.hash_policy = hash_policy(rule, "");
            proxy.tunneling_config = tunnel(rule, "").map(tunneling);
            filters(proxy, protocol)
        }
    }
}

/// The filters of a chain that leads to all endpoints of a port of a service.
pub(super) fn service_filters<'t>(
    context: &Context<'_, 't>,
    service: &ScopedService<'t>,
    port: i64,
    protocol: Protocol,
) -> Vec<Filter> {
    let target = Target { host: service.host().to_owned().into(), subset: "", port: None };
    let cluster = destinations::cluster(&target, Some(service), port);
    let prefix = stat_prefix(context, &cluster, Some(service), "", port);
    let rule = rule(context, Some(service));
    let mut proxy = proxy(context, prefix, cluster, rule);
    proxy.hash_policy = hash_policy(rule, "");
    proxy.tunneling_config = tunnel(rule, "").map(tunneling);
    filters(proxy, protocol)
}

/// The filters of a chain of a gateway that passes mutual TLS on to a subset of a service, and the name that clients ask
/// for by SNI.
pub(super) fn sni_filters<'t>(
    context: &Context<'_, 't>,
    service: &ScopedService<'t>,
    port: &ServicePort<'t>,
    subset: &str,
) -> (String, Vec<Filter>) {
    let cluster = names::sni_cluster(port.number, subset, service.host());
    let prefix = stat_prefix(context, &cluster, Some(service), subset, port.number);
    let rule = rule(context, Some(service));
    let mut proxy = proxy(context, prefix, cluster.clone(), rule);
    proxy.hash_policy = hash_policy(rule, subset);
    (cluster, filters(proxy, port.protocol))
}

/// A chain to one of the clusters that every proxy has.
pub(super) fn fixed_filter(context: &Context<'_, '_>, cluster: &str, logged: bool) -> Filter {
    let mut proxy = proxy(context, cluster.to_owned(), cluster.to_owned(), None);
    if !logged {
        proxy.access_log.clear();
    }
    Filter::new(TCP_PROXY, proxy)
}

const TCP_PROXY: &str = "envoy.filters.network.tcp_proxy";

/// What proxies tell each other on TCP connections.
pub(super) fn metadata_exchange() -> Filter {
    let value = json!({"enable_discovery": true, "protocol": "istio-peer-exchange"});
    let config = hcm::typed_struct("envoy.tcp.metadataexchange.config.MetadataExchange", value);
    Filter::new("istio.metadata_exchange", config)
}

/// `tcp_proxy`, after what the protocol of the port has of its own.
pub(super) fn filters(proxy: TcpProxy, protocol: Protocol) -> Vec<Filter> {
    let mut filters = Vec::new();
    if protocol == Protocol::Mongo {
        let mongo = MongoProxy { stat_prefix: proxy.stat_prefix.clone(), ..Default::default() };
        filters.push(Filter::new("envoy.filters.network.mongo_proxy", mongo));
    }
    filters.push(Filter::new(TCP_PROXY, proxy));
    filters
}

pub(super) fn proxy(
    context: &Context<'_, '_>,
    stat_prefix: String,
    cluster: String,
    rule: Option<&MergedRule<'_>>,
) -> TcpProxy {
    let policy = rule.and_then(|rule| rule.traffic_policy);
    let tcp = policy.and_then(|policy| policy.connection_pool.as_ref()?.tcp.as_ref());
    let idle_timeout = tcp.and_then(|tcp| tcp.idle_timeout).map(|time| time.value.to_std());
    TcpProxy {
        stat_prefix,
        cluster_specifier: Some(TcpClusterSpecifier::Cluster(cluster)),
        idle_timeout: idle_timeout.or(context.proxy.settings.idle_timeout),
        max_downstream_connection_duration: tcp
            .and_then(|tcp| tcp.max_connection_duration)
            .map(|time| time.value.to_std()),
        access_log: context.access_logs.of_connections(Part::Client),
        ..Default::default()
    }
}

fn rule<'t>(context: &Context<'_, 't>, service: Option<&ScopedService<'t>>) -> Option<&'t MergedRule<'t>> {
    context.destination_rule(service?.service)
}

fn stat_prefix(
    context: &Context<'_, '_>,
    cluster: &str,
    service: Option<&ScopedService<'_>>,
    subset: &str,
    port: i64,
) -> String {
    let config = context.push.mesh.settings.config.as_ref();
    let pattern = config.and_then(|config| config.outbound_cluster_stat_name).map_or("", |pattern| pattern.value);
    match (pattern, service) {
        ("", _) | (_, None) => cluster.to_owned(),
        (pattern, Some(service)) => {
            let port = service.service.mesh.port(port).or_else(|| service.ports().next());
            let (port, port_name) = port.map_or((0, ""), |port| (port.number, port.name));
            let service = service.service;
            StatName { service: Some(service), host: service.host(), subset, port, port_name, target: Some(0) }
                .fill(pattern)
        }
    }
}

/// Connections of a client keep to an endpoint where that is what the requests of a client would do. A subset that says
/// anything about balancing replaces what holds for all.
fn hash_policy(rule: Option<&MergedRule<'_>>, subset: &str) -> Vec<ConnectionHashPolicy> {
    let by_source = |policy: &TrafficPolicy<'_>| {
        let hash = policy.load_balancer.as_ref()?.consistent_hash.as_ref();
        Some(hash.and_then(|hash| hash.use_source_ip).is_some_and(|on| on.value))
    };
    let Some(rule) = rule else { return Vec::new() };
    let of_subset = rule.subset(subset).and_then(|subset| by_source(subset.subset.traffic_policy.as_deref()?));
    match of_subset.or_else(|| by_source(rule.traffic_policy?)) {
        Some(true) => vec![ConnectionHashPolicy::SourceIp(SourceIp::default())],
        _ => Vec::new(),
    }
}

fn tunnel<'r, 't>(rule: Option<&'r MergedRule<'t>>, subset: &str) -> Option<&'r TunnelSettings<'t>> {
    let rule = rule?;
    if subset.is_empty() {
        return rule.traffic_policy?.tunnel.as_deref();
    }
    rule.subset(subset)?.subset.traffic_policy.as_deref()?.tunnel.as_deref()
}

fn tunneling(settings: &TunnelSettings<'_>) -> TunnelingConfig {
    let host = settings.target_host.map_or("", |host| host.value);
    let port = settings.target_port.map_or(0, |port| port.value);
    TunnelingConfig {
        hostname: with_port(host, port),
        use_post: settings.protocol.is_some_and(|protocol| protocol.value == "POST"),
        ..Default::default()
    }
}
