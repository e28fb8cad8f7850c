//! A static bootstrap: the configuration of one proxy as a file that a plain Envoy loads without a control plane.
//!
//! istiod's configuration needs Istio's own build of Envoy, an agent with secrets, and a stream to istiod. What
//! [`bootstrap`] makes of it, for Envoy 1.40:
//!
//! | in the configuration | in the bootstrap |
//! |---|---|
//! | Istio's own filters | left out |
//! | the protocol `istio-peer-exchange` in TLS | left out, since the filter that speaks it is |
//! | protocols that `istio.alpn` writes for each request | set on clusters that only HTTP routes lead to |
//! | route configurations by RDS | in the listener |
//! | endpoints by EDS | in the cluster, which is `STATIC` |
//! | certificates by SDS | static secrets: given, or of a test authority |
//! | resources that Envoy refuses on the stream, where it keeps the others | left out, see [`accepted`] |
//!
//! [`Bind::Loopback`] further makes it serve on 127.0.0.1 without the redirection that Istio sets up in a pod.
//!
//! ```
//! use meshlint::envoy::bootstrap::{Bind, Loopback, Options, TestAuthority};
//! use meshlint::envoy::{Config, Json, bootstrap};
//!
//! let authority = TestAuthority::generate();
//! let loopback = Loopback { first_port: 20000, ..Default::default() };
//! let options = Options { bind: Bind::Loopback(loopback), ..Options::new(&authority) };
//! let (bootstrap, notes) = bootstrap(&Config::default(), &options);
//! println!("{:#}", bootstrap.write());
//! for note in notes {
//!     eprintln!("note: {note}");
//! }
//! ```

mod authority;
mod loopback;
mod message;
mod note;
mod references;
mod secrets;
mod tls;

use std::collections::BTreeSet;

pub use authority::TestAuthority;
pub use loopback::{Entrance, Loopback};
pub use message::{Admin, Bootstrap, LayeredRuntime, RuntimeLayer, StaticResources};
pub use note::Note;
pub use secrets::{Certificate, SYSTEM_ROOT_FILES, Secrets};

use super::any::{Any, type_name};
use super::cluster::{Cluster, Discovery, DiscoveryType};
use super::config::Config;
use super::core::{Address, SocketAddress};
use super::descriptor;
use super::endpoint::ClusterLoadAssignment;
use super::http_connection_manager::{HttpConnectionManager, HttpFilter, RouteSpecifier};
use super::listener::Listener;
use super::refusal::accepted;
use super::route::RouteConfiguration;

/// Begin with [`Options::new`].
#[derive(Clone)]
pub struct Options<'a> {
    pub secrets: Secrets,
    /// Signs what `secrets` does not have.
    pub authority: &'a TestAuthority,
    /// The name of the workload in a certificate that stands in for its own: `spiffe://cluster.local/ns/a/sa/b`.
    pub identity: Option<String>,
    pub bind: Bind,
    /// Where Envoy's admin interface listens, if it does.
    pub admin: Option<SocketAddress>,
}

impl<'a> Options<'a> {
    pub fn new(authority: &'a TestAuthority) -> Self {
        Self { secrets: Secrets::default(), authority, identity: None, bind: Bind::AsConfigured, admin: None }
    }
}

#[derive(Clone, Debug)]
pub enum Bind {
    /// The addresses of the configuration. Listeners that istiod does not bind are reached by redirection only.
    AsConfigured,
    Loopback(Loopback),
}

/// The bootstrap, and what differs from the configuration beyond the table above, sorted.
pub fn bootstrap(config: &Config, options: &Options<'_>) -> (Bootstrap, Vec<Note>) {
    let (config, refusals) = accepted(config);
    let mut notes: BTreeSet<_> = refusals.into_iter().map(Note::Refused).collect();
    let mut listeners: Vec<_> =
        config.listeners.iter().map(|listener| static_listener(listener, &config, &mut notes)).collect();
    let by_tcp: BTreeSet<_> = listeners.iter().flat_map(references::tcp_clusters).map(str::to_owned).collect();
    let mut clusters: Vec<_> =
        config.clusters.iter().map(|cluster| static_cluster(cluster, &config, &by_tcp, &mut notes)).collect();
    if let Bind::Loopback(loopback) = &options.bind {
        (listeners, clusters) = loopback.apply(listeners, clusters);
    }
    let secrets = tls::use_static_secrets(&mut listeners, &mut clusters, options, &mut notes);
    let admin = options.admin.clone().map(Address::SocketAddress);
    let bootstrap = Bootstrap {
        node: config.node.clone(),
        static_resources: Some(StaticResources { listeners, clusters, secrets, ..Default::default() }),
        layered_runtime: Some(runtime()),
        admin: admin.map(|address| Admin { address: Some(address), ..Default::default() }),
        ..Default::default()
    };
    (bootstrap, notes.into_iter().collect())
}

/// The listeners that the bootstrap has with [`Bind::Loopback`], in their order.
pub fn entrances(config: &Config) -> Vec<Entrance> {
    loopback::entrances(accepted(config).0.listeners)
}

/// The listeners that [`relocate`] makes.
pub fn entrances_of_file(bootstrap: &Bootstrap) -> Vec<Entrance> {
    bootstrap.static_resources.as_ref().map_or_else(Vec::new, |own| loopback::entrances_of_file(&own.listeners))
}

/// A bootstrap of any origin on this machine; with another admin interface, if one is given.
pub fn relocate(bootstrap: &Bootstrap, loopback: &Loopback, admin: Option<SocketAddress>) -> Bootstrap {
    let mut bootstrap = bootstrap.clone();
    if let Some(resources) = &mut bootstrap.static_resources {
        loopback.apply_to_file(resources);
    }
    if let Some(address) = admin {
        bootstrap.admin.get_or_insert_default().address = Some(Address::SocketAddress(address));
    }
    bootstrap
}

/// What Istio's bootstrap changes of Envoy's behaviour (`extractRuntimeFlags` in istio 1.31 `pkg/bootstrap/config.go`):
/// regular expressions may be large, and `#` may be in a path.
fn runtime() -> LayeredRuntime {
    let flags = [
        ("re2.max_program_size.error_level", 32768.into()),
        ("envoy.reloadable_features.http_reject_path_with_fragment", false.into()),
    ];
    let flags = flags.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let layer = RuntimeLayer { name: "istio".to_owned(), static_layer: Some(flags), ..Default::default() };
    LayeredRuntime { layers: vec![layer], ..Default::default() }
}

fn static_listener(listener: &Listener, config: &Config, notes: &mut BTreeSet<Note>) -> Listener {
    let mut listener = listener.clone();
    let name = listener.name.clone();
    listener.listener_filters.retain(|filter| keep(filter.typed_config.as_ref(), &name, notes));
    for chain in listener.chains_mut() {
        chain.filters.retain(|filter| keep(filter.typed_config.as_ref(), &name, notes));
        for filter in &mut chain.filters {
            if let Some(Any::HttpConnectionManager(manager)) = &mut filter.typed_config {
                manager.http_filters.retain(|filter| keep_http(filter, &name, notes));
                use_static_routes(manager, config);
            }
        }
    }
    listener
}

/// A route configuration that the control plane does not send is empty for Envoy, so each request gets a 404.
fn use_static_routes(manager: &mut HttpConnectionManager, config: &Config) {
    if let Some(RouteSpecifier::Rds(rds)) = &manager.route_specifier {
        let name = rds.route_config_name.clone();
        let none = || RouteConfiguration { name: name.clone(), ..Default::default() };
        let mut routes = config.route(&name).cloned().unwrap_or_else(none);
        // Envoy asks this of static routes only, unless it is told.
        routes.validate_clusters.get_or_insert(false);
        manager.route_specifier = Some(RouteSpecifier::RouteConfig(routes));
    }
}

/// A filter whose configuration istiod sends apart (`config_discovery`, by ECDS) would keep the listener waiting forever.
fn keep_http(filter: &HttpFilter, place: &str, notes: &mut BTreeSet<Note>) -> bool {
    let apart = filter.typed_config.is_none() && filter.untyped.names().next().is_some();
    if apart {
        notes.insert(Note::LeftOut { extension: filter.name.clone(), place: place.to_owned() });
    }
    !apart && keep(filter.typed_config.as_ref(), place, notes)
}

/// Whether a build of Envoy without `contrib/` has the extension. If not, that is noted unless it is one of Istio's own.
fn keep(config: Option<&Any>, place: &str, notes: &mut BTreeSet<Note>) -> bool {
    let Some(config) = config else { return true };
    let message_type = match config {
        Any::TypedStruct(inner) => type_name(&inner.type_url),
        config => config.type_name(),
    };
    if descriptor::message(message_type).is_some_and(|found| !found.parent_file().name().starts_with("contrib/")) {
        return true;
    }
    if !OF_ISTIO.iter().any(|prefix| message_type.starts_with(prefix)) {
        notes.insert(Note::LeftOut { extension: message_type.to_owned(), place: place.to_owned() });
    }
    false
}

/// How the types of Istio's own extensions begin: `istio.alpn`, peer and workload metadata, `istio.stats`, metadata exchange.
const OF_ISTIO: [&str; 4] = ["istio.", "io.istio.", "stats.", "envoy.tcp.metadataexchange."];

fn static_cluster(
    cluster: &Cluster,
    config: &Config,
    by_tcp: &BTreeSet<String>,
    notes: &mut BTreeSet<Note>,
) -> Cluster {
    let mut cluster = cluster.clone();
    let name = cluster.name.clone();
    cluster.filters.retain(|filter| keep(filter.typed_config.as_ref(), &name, notes));
    if matches!(cluster.discovery, Some(Discovery::Type(DiscoveryType::Eds))) {
        take_endpoints(&mut cluster, config);
    }
    tls::use_plain_protocols(&mut cluster, !by_tcp.contains(&name));
    cluster
}

fn take_endpoints(cluster: &mut Cluster, config: &Config) {
    let eds = cluster.eds_cluster_config.take().unwrap_or_default();
    let service = if eds.service_name.is_empty() { &cluster.name } else { &eds.service_name };
    let endpoints = config.load_assignment(service).cloned().unwrap_or_default();
    cluster.discovery = Some(Discovery::Type(DiscoveryType::Static));
    cluster.load_assignment = Some(ClusterLoadAssignment { cluster_name: cluster.name.clone(), ..endpoints });
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::envoy::message::Json;

    fn build(config: Value, bind: Bind) -> (StaticResources, Vec<String>) {
        let authority = TestAuthority::generate();
        let config = Config::from_value(&config).unwrap();
        let (bootstrap, notes) = bootstrap(&config, &Options { bind, ..Options::new(&authority) });
        (bootstrap.static_resources.unwrap(), notes.iter().map(ToString::to_string).collect())
    }

    fn tls(alpn: &[&str]) -> Value {
        let sds = |name: &str| json!({"name": name, "sdsConfig": {"ads": {}}});
        json!({"name": "tls", "typedConfig": {
            "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
            "commonTlsContext": {
                "tlsCertificateSdsSecretConfigs": [sds("default")],
                "combinedValidationContext": {
                    "defaultValidationContext": {},
                    "validationContextSdsSecretConfig": sds("ROOTCA"),
                },
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

    fn cluster_names(resources: &StaticResources) -> Vec<&str> {
        resources.clusters.iter().map(|cluster| cluster.name.as_str()).collect()
    }

    #[test]
    fn secrets_are_static_and_the_missing_ones_noted() {
        let config = json!({"clusters": [
            {"name": "a", "transportSocket": tls(&[])},
            {"name": "b", "transportSocketMatches": [{"name": "m", "transportSocket": tls(&[])}]},
        ]});
        let authority = TestAuthority::generate();
        let mut options = Options::new(&authority);
        options.secrets.authorities.insert("ROOTCA".to_owned(), "PEM".to_owned());
        let (bootstrap, notes) = bootstrap(&Config::from_value(&config).unwrap(), &options);
        assert_eq!(notes, [Note::StandIn { secret: "default".to_owned() }]);
        let value = bootstrap.write();
        assert!(!value.to_string().contains("sdsConfig\""));
        let secrets = &value["staticResources"]["secrets"];
        assert_eq!([&secrets[0]["name"], &secrets[1]["name"]], ["default", "ROOTCA"]);
        assert_eq!(secrets[1]["validationContext"]["trustedCa"], json!({"inlineString": "PEM"}));
    }

    #[test]
    fn only_clusters_of_http_alone_offer_an_http_version() {
        let in_mesh = ["istio-peer-exchange", "istio"];
        let config = json!({
            "listeners": [{"name": "l", "filterChains": [{"filters": [tcp_proxy("both")]}]}],
            "clusters": [
                {"name": "http", "transportSocket": tls(&in_mesh)},
                {"name": "both", "transportSocket": tls(&in_mesh)},
                {"name": "outside", "transportSocket": tls(&["h2"])},
            ],
        });
        let (resources, _) = build(config, Bind::AsConfigured);
        let offered: Vec<_> = resources.clusters.iter().map(alpn).collect();
        assert_eq!(offered, [vec!["istio-http/1.1", "istio", "http/1.1"], vec!["istio"], vec!["h2"]]);
    }

    #[test]
    fn extensions_that_plain_envoy_lacks_are_left_out() {
        let exchange = json!({"name": "istio.metadata_exchange", "typedConfig": {
            "@type": "type.googleapis.com/udpa.type.v1.TypedStruct",
            "typeUrl": "type.googleapis.com/envoy.tcp.metadataexchange.config.MetadataExchange",
        }});
        let mysql = json!({"name": "mysql", "typedConfig": {
            "@type": "type.googleapis.com/envoy.extensions.filters.network.mysql_proxy.v3.MySQLProxy",
            "statPrefix": "a",
        }});
        let config = json!({
            "listeners": [{"name": "l", "filterChains": [{"filters": [exchange, mysql, tcp_proxy("a")]}]}],
            "clusters": [{"name": "a", "filters": [exchange]}],
        });
        let (resources, notes) = build(config, Bind::AsConfigured);
        let filters = &resources.listeners[0].filter_chains[0].filters;
        assert_eq!(filters.iter().map(|filter| filter.name.as_str()).collect::<Vec<_>>(), ["tcp"]);
        assert_eq!(resources.clusters[0].filters, []);
        let mysql = "envoy.extensions.filters.network.mysql_proxy.v3.MySQLProxy";
        assert_eq!(notes, [format!("`{mysql}` of `l` is left out, since a plain Envoy does not have it")]);
    }

    #[test]
    fn endpoints_are_in_their_clusters() {
        let endpoint =
            |address: &str| json!({"endpoint": {"address": {"socketAddress": {"address": address, "portValue": 80}}}});
        let assignment =
            |name: &str, endpoints: Value| json!({"clusterName": name, "endpoints": [{"lbEndpoints": endpoints}]});
        let config = json!({
            "clusters": [
                {"name": "a", "type": "EDS", "edsClusterConfig": {"serviceName": "s"}},
                {"name": "b", "type": "EDS"},
                {"name": "c", "type": "EDS"},
            ],
            "endpoints": [
                assignment("s", json!([endpoint("10.0.0.1")])),
                assignment("b", json!([endpoint("10.0.0.1"), endpoint("example.com")])),
            ],
        });
        let (resources, notes) = build(config, Bind::AsConfigured);
        let counts = resources.clusters.iter().map(|cluster| {
            assert_eq!(cluster.discovery, Some(Discovery::Type(DiscoveryType::Static)));
            cluster.load_assignment.as_ref().unwrap().endpoints.len()
        });
        assert_eq!(counts.collect::<Vec<_>>(), [1, 0, 0]);
        assert_eq!(notes, ["Envoy refuses the endpoints of `b`: `example.com` is not an IP address"]);
    }

    fn socket(address: &str, port: u32) -> Value {
        json!({"socketAddress": {"address": address, "portValue": port}})
    }

    /// The names, ports and numbers of listener filters.
    fn shown(resources: &StaticResources) -> Vec<(&str, u32, usize)> {
        let shown = |listener: &'_ Listener| {
            let Some(Address::SocketAddress(socket)) = &listener.address else { panic!() };
            (socket.port_value.unwrap(), listener.listener_filters.len())
        };
        resources
            .listeners
            .iter()
            .map(|listener| (listener.name.as_str(), shown(listener).0, shown(listener).1))
            .collect()
    }

    fn first_endpoint(cluster: &Cluster) -> Value {
        let assignment = cluster.load_assignment.as_ref().unwrap().write();
        assignment["endpoints"][0]["lbEndpoints"][0]["endpoint"]["address"].clone()
    }

    #[test]
    fn loopback_splits_inbound_listeners_by_port() {
        let chain = |port: u32, cluster: &str| json!({"filterChainMatch": {"destinationPort": port}, "filters": [tcp_proxy(cluster)]});
        let inspector = json!({
            "name": "http",
            "typedConfig": {"@type": "type.googleapis.com/envoy.extensions.filters.listener.http_inspector.v3.HttpInspector"},
            "filterDisabled": {"destinationPortRange": {"start": 80, "end": 81}},
        });
        let config = json!({
            "listeners": [{
                "name": "virtualInbound",
                "address": socket("0.0.0.0", 15006),
                "filterChains": [chain(90, "a"), chain(80, "inbound|80||"), {"filters": [tcp_proxy("rest")]}],
                "listenerFilters": [inspector],
                "bindToPort": false,
            }],
            "clusters": [{"name": "inbound|80||", "type": "ORIGINAL_DST", "lbPolicy": "CLUSTER_PROVIDED"}],
        });
        let loopback = Loopback {
            ports: [("virtualInbound_90".to_owned(), 20000)].into(),
            first_port: 20000,
            endpoints: [("127.0.0.1:80".to_owned(), 8080)].into(),
            ..Loopback::default()
        };
        let (resources, _) = build(config.clone(), Bind::Loopback(loopback));
        assert_eq!(
            shown(&resources),
            [("virtualInbound_80", 20001, 0), ("virtualInbound_90", 20000, 1), ("virtualInbound", 20002, 1)]
        );
        assert_eq!(first_endpoint(&resources.clusters[0]), socket("127.0.0.1", 8080));
        let entrances = entrances(&Config::from_value(&config).unwrap());
        let shown = entrances.iter().map(|entrance| (entrance.listener.as_str(), entrance.port, entrance.catch_all));
        let expected = [
            ("virtualInbound_80", Some(80), false),
            ("virtualInbound_90", Some(90), false),
            ("virtualInbound", None, true),
        ];
        assert_eq!(shown.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn loopback_knows_the_destination_of_listeners_for_one_address() {
        let range = |address: &str, length: u32| json!({"addressPrefix": address, "prefixLen": length});
        let narrow = json!({"prefixRanges": [range("10.0.0.5", 32), range("10.1.0.0", 16)]});
        let config = json!({
            "listeners": [
                {"name": "pod", "address": socket("10.0.0.9", 70), "filterChains": [{"filters": [tcp_proxy("o")]}]},
                {
                    "name": "wild",
                    "address": socket("0.0.0.0", 90),
                    "filterChains": [{"filterChainMatch": narrow, "filters": [tcp_proxy("o")]}],
                    "defaultFilterChain": {"filters": [tcp_proxy("o")]},
                },
            ],
            "clusters": [{"name": "o", "type": "ORIGINAL_DST", "lbPolicy": "CLUSTER_PROVIDED"}],
        });
        let (resources, notes) = build(config.clone(), Bind::Loopback(Loopback::default()));
        assert_eq!(notes, [""; 0]);
        assert_eq!(
            shown(&resources).iter().map(|(name, ..)| *name).collect::<Vec<_>>(),
            ["pod", "wild_10.0.0.5/32", "wild_10.1.0.0/16", "wild"]
        );
        let entrances = entrances(&Config::from_value(&config).unwrap());
        let address = |text: &str| text.parse().unwrap();
        assert_eq!(
            entrances.iter().map(|entrance| (entrance.port, entrance.network)).collect::<Vec<_>>(),
            [
                (Some(70), Some((address("10.0.0.9"), 32))),
                (Some(90), Some((address("10.0.0.5"), 32))),
                (Some(90), Some((address("10.1.0.0"), 16))),
                (Some(90), None),
            ]
        );
        assert_eq!(cluster_names(&resources), ["o", "o@10.0.0.5:90", "o@10.0.0.9:70"]);
        assert_eq!(resources.clusters[0].write()["originalDstLbConfig"], json!({"useHttpHeader": true}));
        assert_eq!(first_endpoint(&resources.clusters[1]), socket("10.0.0.5", 90));
        let led_to: Vec<_> = resources.listeners.iter().flat_map(references::tcp_clusters).collect();
        assert_eq!(led_to, ["o@10.0.0.9:70", "o@10.0.0.5:90", "o@10.0.0.5:90", "o", "o", "o"]);
    }
}
