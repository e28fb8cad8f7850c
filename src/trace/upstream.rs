//! Where clusters lead, and how a proxy connects to what is there.

use std::net::SocketAddr;

use serde_json::Value;

use crate::envoy::cluster::{Cluster, Discovery, DiscoveryType};
use crate::envoy::core::{Address, HealthStatus, Locality, TransportSocket};
use crate::envoy::endpoint::{ClusterLoadAssignment, LbEndpoint};
use crate::envoy::protocol::{ExplicitHttpConfig, UpstreamProtocol};
use crate::envoy::tls::UpstreamTlsContext;
use crate::envoy::{Any, Object};

use super::call::Version;

/// One place that a cluster leads to.
#[derive(Clone, Debug)]
pub struct Upstream<'c> {
    /// `address:port`, `name:port`, or the path of a socket.
    pub address: String,
    /// If it is an address.
    pub socket: Option<SocketAddr>,
    /// Lower ones are used first; others if too few of those are healthy.
    pub priority: u32,
    pub locality: Option<&'c Locality>,
    pub weight: Option<u32>,
    pub healthy: bool,
    /// With which the proxy connects; `None` for plain text.
    pub tls: Option<&'c UpstreamTlsContext>,
}

const BY_ENDPOINT: &str = "envoy.transport_socket_match";

/// The endpoints of a cluster, those of lower priority numbers first. `original` is what the client connected to, which a
/// cluster may lead to itself.
pub fn upstreams<'c>(
    cluster: &'c Cluster,
    by_eds: Option<&'c ClusterLoadAssignment>,
    original: SocketAddr,
) -> Vec<Upstream<'c>> {
    if cluster.discovery == Some(Discovery::Type(DiscoveryType::OriginalDst)) {
        let tls = tls_of(socket(cluster, None));
        let address = original.to_string();
        let (socket, locality, weight) = (Some(original), None, None);
        return vec![Upstream { address, socket, priority: 0, locality, weight, healthy: true, tls }];
    }
    let assignment = by_eds.or(cluster.load_assignment.as_ref());
    let mut found: Vec<_> = assignment
        .iter()
        .flat_map(|assignment| &assignment.endpoints)
        .flat_map(|place| place.lb_endpoints.iter().map(move |endpoint| (place, endpoint)))
        .filter_map(|(place, endpoint)| {
            let (address, socket_address) = address(endpoint)?;
            Some(Upstream {
                address,
                socket: socket_address,
                priority: place.priority,
                locality: place.locality.as_ref(),
                weight: endpoint.load_balancing_weight,
                healthy: !matches!(
                    endpoint.health_status,
                    HealthStatus::Unhealthy | HealthStatus::Draining | HealthStatus::Timeout
                ),
                tls: tls_of(socket(cluster, Some(endpoint))),
            })
        })
        .collect();
    found.sort_by_key(|upstream| upstream.priority);
    found
}

/// The host that a request names, if the cluster forwards by name. `port`: where the name has none, and the client does not
/// speak HTTP.
pub fn by_name<'c>(cluster: &'c Cluster, name: &str, port: u16) -> Option<Upstream<'c>> {
    cluster.by_name()?;
    let has_port =
        name.parse::<SocketAddr>().is_ok() || name.rsplit_once(':').is_some_and(|(name, _)| !name.contains(':'));
    let address = if has_port { name.to_owned() } else { format!("{name}:{port}") };
    let socket = address.parse().ok();
    let tls = tls_of(self::socket(cluster, None));
    Some(Upstream { address, socket, priority: 0, locality: None, weight: None, healthy: true, tls })
}

fn address(endpoint: &LbEndpoint) -> Option<(String, Option<SocketAddr>)> {
    match endpoint.endpoint.as_ref()?.address.as_ref()? {
        Address::SocketAddress(socket) => {
            let port = u16::try_from(socket.port_value.unwrap_or_default()).ok()?;
            match socket.address.parse() {
                Ok(ip) => {
                    let address = SocketAddr::new(ip, port);
                    Some((address.to_string(), Some(address)))
                }
                Err(_) => Some((format!("{}:{port}", socket.address), None)),
            }
        }
        Address::Pipe(pipe) => Some((pipe.path.clone(), None)),
        Address::Other(_) => None,
    }
}

/// The first socket whose conditions the endpoint meets, else that of the cluster.
fn socket<'c>(cluster: &'c Cluster, endpoint: Option<&LbEndpoint>) -> Option<&'c TransportSocket> {
    let metadata = endpoint.and_then(|endpoint| endpoint.metadata.as_ref());
    let labels = metadata.and_then(|metadata| metadata.filter_metadata.get(BY_ENDPOINT));
    let empty = Object::new();
    let labels = labels.unwrap_or(&empty);
    let meets = |wanted: &Option<Object>| {
        wanted.iter().flatten().all(|(key, value): (&String, &Value)| labels.get(key) == Some(value))
    };
    match cluster.transport_socket_matches.iter().find(|candidate| meets(&candidate.r#match)) {
        Some(found) => found.transport_socket.as_ref(),
        None => cluster.transport_socket.as_ref(),
    }
}

fn tls_of(socket: Option<&TransportSocket>) -> Option<&UpstreamTlsContext> {
    match socket?.typed_config.as_ref()? {
        Any::UpstreamTls(context) => Some(context),
        Any::ProxyProtocolUpstream(wrapper) => tls_of(wrapper.transport_socket.as_ref()),
        _ => None,
    }
}

/// The protocol in which a proxy speaks to a cluster for a client that speaks `downstream`.
pub fn version(cluster: &Cluster, downstream: Version) -> Version {
    let options = cluster.typed_extension_protocol_options.values().find_map(|options| match options {
        Any::HttpProtocolOptions(options) => options.upstream_protocol.as_ref(),
        _ => None,
    });
    match options {
        Some(UpstreamProtocol::ExplicitHttpConfig(ExplicitHttpConfig::Http2ProtocolOptions(_))) => Version::Http2,
        Some(UpstreamProtocol::UseDownstreamProtocolConfig(_)) => downstream,
        _ => Version::Http1,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::upstreams;
    use crate::envoy::Json;
    use crate::envoy::cluster::Cluster;

    #[test]
    fn each_endpoint_has_its_own_socket() {
        let tls = |sni: &str| {
            json!({"name": "tls", "typedConfig": {"sni": sni,
            "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext"}})
        };
        let endpoint = |address: &str, labels: serde_json::Value| {
            json!({"endpoint": {"address": {"socketAddress": {"address": address, "portValue": 80}}},
                "metadata": {"filterMetadata": {"envoy.transport_socket_match": labels}}})
        };
        let cluster = json!({
            "name": "c", "type": "STATIC",
            "transportSocketMatches": [
                {"name": "mtls", "match": {"tlsMode": "istio"}, "transportSocket": tls("mesh")},
                {"name": "plain", "match": {}, "transportSocket": {"name": "envoy.transport_sockets.raw_buffer"}},
            ],
            "loadAssignment": {"clusterName": "c", "endpoints": [
                {"priority": 1, "lbEndpoints": [endpoint("10.0.0.2", json!({}))]},
                {"lbEndpoints": [endpoint("10.0.0.1", json!({"tlsMode": "istio"}))]},
            ]},
        });
        let cluster = Cluster::read(&cluster).unwrap();
        let found = upstreams(&cluster, None, "192.0.2.1:80".parse().unwrap());
        let found: Vec<_> = found
            .iter()
            .map(|upstream| (upstream.address.as_str(), upstream.priority, upstream.tls.map(|tls| tls.sni.as_str())))
            .collect();
        assert_eq!(found, [("10.0.0.1:80", 0, Some("mesh")), ("10.0.0.2:80", 1, None)]);
    }

    #[test]
    fn an_original_destination_leads_where_the_client_wanted() {
        let cluster = Cluster::read(&json!({"name": "PassthroughCluster", "type": "ORIGINAL_DST"})).unwrap();
        let found = upstreams(&cluster, None, "192.0.2.1:80".parse().unwrap());
        assert_eq!(found[0].address, "192.0.2.1:80");
    }
}
