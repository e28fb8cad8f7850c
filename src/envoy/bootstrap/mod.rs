//! A static bootstrap: the configuration of one proxy as a file that a plain Envoy loads without a control plane.
//!
//! istiod's configuration needs Istio's own build of Envoy and a stream to istiod. What is replaced, for Envoy 1.40:
//!
//! | in the configuration | in the bootstrap |
//! |---|---|
//! | Istio's own filters | left out |
//! | the protocol `istio-peer-exchange` in TLS | left out, since the filter that speaks it is |
//! | protocols that `istio.alpn` writes for each request | set on clusters that only HTTP routes lead to |
//! | route configurations by RDS | in the listener |
//! | endpoints by EDS | in the cluster: `STATIC`, or `STRICT_DNS` if one of them is a host name |
//! | certificates by SDS | static secrets |
//!
//! [`Bind::Loopback`] further makes it serve on 127.0.0.1 without the redirection that Istio sets up in a pod.

mod loopback;
mod message;
mod secrets;
mod tls;

use std::collections::BTreeSet;
use std::net::IpAddr;

pub use loopback::Loopback;
pub use message::{Admin, Bootstrap, LayeredRuntime, RuntimeLayer, StaticResources};
pub use secrets::{Certificate, MissingSecret, Secrets, TestAuthority};

use super::any::{Any, type_name};
use super::cluster::{Cluster, Discovery, DiscoveryType};
use super::config::Config;
use super::core::{Address, SocketAddress};
use super::descriptor;
use super::endpoint::ClusterLoadAssignment;
use super::http_connection_manager::{HttpConnectionManager, RouteSpecifier};
use super::listener::{FilterChain, Listener};
use super::network_filter::{TcpClusterSpecifier, TcpProxy};
use super::route::RouteConfiguration;

#[derive(Clone, Debug, Default)]
pub struct Options {
    pub secrets: Secrets,
    pub bind: Bind,
    /// Where Envoy's admin interface listens, if it does.
    pub admin: Option<SocketAddress>,
}

#[derive(Clone, Debug, Default)]
pub enum Bind {
    /// The addresses of the configuration. Listeners that istiod does not bind are reached by redirection only.
    #[default]
    AsConfigured,
    Loopback(Loopback),
}

/// Fails if a TLS context names a secret that the options do not have.
pub fn bootstrap(config: &Config, options: &Options) -> Result<Bootstrap, MissingSecret> {
    let mut listeners: Vec<_> = config.listeners.iter().map(|listener| static_listener(listener, config)).collect();
    let by_tcp = tcp_clusters(&listeners);
    let mut clusters: Vec<_> = config.clusters.iter().map(|cluster| static_cluster(cluster, config, &by_tcp)).collect();
    if let Bind::Loopback(loopback) = &options.bind {
        listeners = loopback.listeners(listeners);
        clusters = clusters.into_iter().map(|cluster| loopback.cluster(cluster)).collect();
    }
    let secrets = tls::use_static_secrets(&mut listeners, &mut clusters, &options.secrets)?;
    let admin = options
        .admin
        .clone()
        .map(|address| Admin { address: Some(Address::SocketAddress(address)), ..Default::default() });
    Ok(Bootstrap {
        node: config.node.clone(),
        static_resources: Some(StaticResources { listeners, clusters, secrets, ..Default::default() }),
        admin,
        ..Default::default()
    })
}

fn static_listener(listener: &Listener, config: &Config) -> Listener {
    let mut listener = listener.clone();
    listener.listener_filters.retain(|filter| in_plain_envoy(filter.typed_config.as_ref()));
    for chain in chains(&mut listener) {
        chain.filters.retain(|filter| in_plain_envoy(filter.typed_config.as_ref()));
        for filter in &mut chain.filters {
            if let Some(Any::HttpConnectionManager(manager)) = &mut filter.typed_config {
                make_static(manager, config);
            }
        }
    }
    listener
}

fn chains(listener: &mut Listener) -> impl Iterator<Item = &mut FilterChain> {
    listener.filter_chains.iter_mut().chain(&mut listener.default_filter_chain)
}

fn make_static(manager: &mut HttpConnectionManager, config: &Config) {
    manager.http_filters.retain(|filter| in_plain_envoy(filter.typed_config.as_ref()));
    if let Some(RouteSpecifier::Rds(rds)) = &manager.route_specifier {
        let route = config.route(&rds.route_config_name).cloned();
        manager.route_specifier =
            Some(RouteSpecifier::RouteConfig(route.unwrap_or_else(|| no_routes(&rds.route_config_name))));
    }
}

/// What Envoy has of a route configuration that the control plane does not send: nothing, so each request gets a 404.
fn no_routes(name: &str) -> RouteConfiguration {
    RouteConfiguration { name: name.to_owned(), ..Default::default() }
}

/// Whether a build of Envoy without `contrib/` has the extension.
fn in_plain_envoy(config: Option<&Any>) -> bool {
    let message_type = match config {
        None => return true,
        Some(Any::TypedStruct(inner)) => type_name(&inner.type_url),
        Some(config) => config.type_name(),
    };
    descriptor::message(message_type).is_some_and(|message| !message.parent_file().name().starts_with("contrib/"))
}

/// The clusters that TCP proxies lead to.
fn tcp_clusters(listeners: &[Listener]) -> BTreeSet<String> {
    let chains =
        listeners.iter().flat_map(|listener| listener.filter_chains.iter().chain(&listener.default_filter_chain));
    let filters = chains.flat_map(|chain| &chain.filters);
    filters
        .flat_map(|filter| match &filter.typed_config {
            Some(Any::TcpProxy(proxy)) => clusters_of(proxy),
            _ => Vec::new(),
        })
        .collect()
}

fn clusters_of(proxy: &TcpProxy) -> Vec<String> {
    match &proxy.cluster_specifier {
        None => Vec::new(),
        Some(TcpClusterSpecifier::Cluster(name)) => vec![name.clone()],
        Some(TcpClusterSpecifier::WeightedClusters(weighted)) => {
            weighted.clusters.iter().map(|cluster| cluster.name.clone()).collect()
        }
    }
}

fn static_cluster(cluster: &Cluster, config: &Config, by_tcp: &BTreeSet<String>) -> Cluster {
    let mut cluster = cluster.clone();
    cluster.filters.retain(|filter| in_plain_envoy(filter.typed_config.as_ref()));
    if matches!(cluster.discovery, Some(Discovery::Type(DiscoveryType::Eds))) {
        take_endpoints(&mut cluster, config);
    }
    let http_only = !by_tcp.contains(&cluster.name);
    tls::use_plain_protocols(&mut cluster, http_only);
    cluster
}

fn take_endpoints(cluster: &mut Cluster, config: &Config) {
    let eds = cluster.eds_cluster_config.take().unwrap_or_default();
    let service = if eds.service_name.is_empty() { &cluster.name } else { &eds.service_name };
    let endpoints = config.load_assignment(service).cloned().unwrap_or_default();
    let resolved = addresses(&endpoints).all(|address| address.parse::<IpAddr>().is_ok());
    let kind = if resolved { DiscoveryType::Static } else { DiscoveryType::StrictDns };
    cluster.discovery = Some(Discovery::Type(kind));
    cluster.load_assignment = Some(ClusterLoadAssignment { cluster_name: cluster.name.clone(), ..endpoints });
}

fn addresses(endpoints: &ClusterLoadAssignment) -> impl Iterator<Item = &str> {
    let endpoints = endpoints.endpoints.iter().flat_map(|locality| &locality.lb_endpoints);
    endpoints.filter_map(|endpoint| match endpoint.endpoint.as_ref()?.address.as_ref()? {
        Address::SocketAddress(socket) => Some(socket.address.as_str()),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::envoy::message::Json;

    fn config(value: Value) -> Config {
        Config::from_value(&value).unwrap()
    }

    fn resources(config: &Config, options: &Options) -> StaticResources {
        bootstrap(config, options).unwrap().static_resources.unwrap()
    }

    fn test_secrets() -> Secrets {
        let material = || "PEM".to_owned();
        let certificate = Certificate { chain: material(), key: material() };
        Secrets {
            otherwise: Some(TestAuthority { authority: material(), certificate, revocations: material() }),
            ..Default::default()
        }
    }

    fn tls(alpn: &[&str]) -> Value {
        let sds = |name: &str| json!({"name": name, "sdsConfig": {"ads": {}}});
        json!({"name": "tls", "typedConfig": {
            "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
            "commonTlsContext": {
                "tlsCertificateSdsSecretConfigs": [sds("default")],
                "combinedValidationContext": {"validationContextSdsSecretConfig": sds("ROOTCA")},
                "alpnProtocols": alpn,
            },
        }})
    }

    fn tcp_proxy(cluster: &str) -> Value {
        json!({"name": "tcp", "typedConfig": {
            "@type": "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
            "statPrefix": "a",
            "cluster": cluster,
        }})
    }

    fn alpn(cluster: &Cluster) -> Vec<String> {
        let Some(Any::UpstreamTls(context)) = &cluster.transport_socket.as_ref().unwrap().typed_config else {
            panic!()
        };
        context.common_tls_context.as_ref().unwrap().alpn_protocols.clone()
    }

    #[test]
    fn secrets_are_static_and_must_be_there() {
        let config = config(json!({"clusters": [
            {"name": "a", "transportSocket": tls(&[])},
            {"name": "b", "transportSocketMatches": [{"name": "m", "transportSocket": tls(&[])}]},
        ]}));
        let resources = resources(&config, &Options { secrets: test_secrets(), ..Default::default() });
        let names: Vec<_> = resources.secrets.iter().map(|secret| secret.name.as_str()).collect();
        assert_eq!(names, ["default", "ROOTCA"]);
        assert!(!resources.write().to_string().contains("sdsConfig\""));
        assert_eq!(bootstrap(&config, &Options::default()).unwrap_err().to_string(), "no secret `default`");
    }

    #[test]
    fn only_clusters_of_http_alone_offer_an_http_version() {
        let in_mesh = ["istio-peer-exchange", "istio"];
        let config = config(json!({
            "listeners": [{"name": "l", "filterChains": [{"filters": [tcp_proxy("both")]}]}],
            "clusters": [
                {"name": "http", "transportSocket": tls(&in_mesh)},
                {"name": "both", "transportSocket": tls(&in_mesh)},
                {"name": "outside", "transportSocket": tls(&["h2"])},
            ],
        }));
        let resources = resources(&config, &Options { secrets: test_secrets(), ..Default::default() });
        let offered: Vec<_> = resources.clusters.iter().map(alpn).collect();
        assert_eq!(offered, [vec!["istio-http/1.1", "istio", "http/1.1"], vec!["istio"], vec!["h2"]]);
    }

    #[test]
    fn extensions_of_istio_are_left_out() {
        let exchange = json!({"name": "istio.metadata_exchange", "typedConfig": {
            "@type": "type.googleapis.com/udpa.type.v1.TypedStruct",
            "typeUrl": "type.googleapis.com/envoy.tcp.metadataexchange.config.MetadataExchange",
        }});
        let mysql = json!({"name": "mysql", "typedConfig": {
            "@type": "type.googleapis.com/envoy.extensions.filters.network.mysql_proxy.v3.MySQLProxy",
            "statPrefix": "a",
        }});
        let config = config(json!({
            "listeners": [{"name": "l", "filterChains": [{"filters": [exchange, mysql, tcp_proxy("a")]}]}],
            "clusters": [{"name": "a", "filters": [exchange]}],
        }));
        let resources = resources(&config, &Options::default());
        let filters = &resources.listeners[0].filter_chains[0].filters;
        assert_eq!(filters.iter().map(|filter| filter.name.as_str()).collect::<Vec<_>>(), ["tcp"]);
        assert_eq!(resources.clusters[0].filters, []);
    }

    #[test]
    fn endpoints_decide_the_kind_of_cluster() {
        let endpoint =
            |address: &str| json!({"endpoint": {"address": {"socketAddress": {"address": address, "portValue": 80}}}});
        let assignment =
            |name: &str, endpoints: Value| json!({"clusterName": name, "endpoints": [{"lbEndpoints": endpoints}]});
        let config = config(json!({
            "clusters": [
                {"name": "a", "type": "EDS", "edsClusterConfig": {"serviceName": "s"}},
                {"name": "b", "type": "EDS"},
                {"name": "c", "type": "EDS"},
            ],
            "endpoints": [
                assignment("s", json!([endpoint("10.0.0.1")])),
                assignment("b", json!([endpoint("10.0.0.1"), endpoint("example.com")])),
            ],
        }));
        let clusters = resources(&config, &Options::default()).clusters;
        let kinds: Vec<_> = clusters.iter().map(|cluster| cluster.write()["type"].clone()).collect();
        // STATIC is the default, but as the member of a oneof it is written.
        assert_eq!(kinds, ["STATIC", "STRICT_DNS", "STATIC"]);
        assert_eq!(clusters[0].load_assignment.as_ref().unwrap().cluster_name, "a");
        assert_eq!(clusters[0].load_assignment.as_ref().unwrap().endpoints.len(), 1);
    }

    #[test]
    fn loopback_splits_inbound_listeners_by_port() {
        let chain = |port: u32, cluster: &str| json!({"filterChainMatch": {"destinationPort": port}, "filters": [tcp_proxy(cluster)]});
        let inspector = json!({
            "name": "http",
            "typedConfig": {"@type": "type.googleapis.com/envoy.extensions.filters.listener.http_inspector.v3.HttpInspector"},
            "filterDisabled": {"destinationPortRange": {"start": 80, "end": 81}},
        });
        let config = config(json!({
            "listeners": [{
                "name": "virtualInbound",
                "filterChains": [chain(90, "a"), chain(80, "inbound|80||"), {"filters": [tcp_proxy("rest")]}],
                "listenerFilters": [inspector],
                "bindToPort": false,
            }],
            "clusters": [{"name": "inbound|80||", "type": "ORIGINAL_DST", "lbPolicy": "CLUSTER_PROVIDED"}],
        }));
        let endpoints = [("127.0.0.1:80".to_owned(), 8080)].into();
        let bind = Bind::Loopback(Loopback { first_port: 20000, endpoints });
        let StaticResources { listeners, clusters, .. } = resources(&config, &Options { bind, ..Default::default() });
        let shown: Vec<_> = listeners
            .iter()
            .map(|listener| {
                let Some(Address::SocketAddress(socket)) = &listener.address else { panic!() };
                (listener.name.as_str(), socket.port_value.unwrap(), listener.listener_filters.len())
            })
            .collect();
        assert_eq!(
            shown,
            [("virtualInbound_80", 20000, 0), ("virtualInbound_90", 20001, 1), ("virtualInbound", 20002, 1)]
        );
        let assignment = clusters[0].load_assignment.as_ref().unwrap().write();
        let socket = &assignment["endpoints"][0]["lbEndpoints"][0]["endpoint"]["address"]["socketAddress"];
        assert_eq!(*socket, json!({"address": "127.0.0.1", "portValue": 8080}));
    }
}
