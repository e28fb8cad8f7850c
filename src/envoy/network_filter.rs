//! Network filters that have no module of their own.

use std::time::Duration;

use super::access_log::AccessLog;
use super::cluster::DnsCacheConfig;
use super::core::{ConnectionHashPolicy, HeaderValueOption, Metadata};

message! {
    pub struct MongoProxy = "envoy.extensions.filters.network.mongo_proxy.v3.MongoProxy" {
        stat_prefix: String,
    }
}

message! {
    pub struct SniDynamicForwardProxy = "envoy.extensions.filters.network.sni_dynamic_forward_proxy.v3.FilterConfig" {
        dns_cache_config: Option<DnsCacheConfig>,
        port_value: Option<u32>,
    }
}

impl TcpProxy {
    /// The names of all that share the connections.
    pub fn clusters(&self) -> Vec<&str> {
        match &self.cluster_specifier {
            None => Vec::new(),
            Some(TcpClusterSpecifier::Cluster(name)) => vec![name],
            Some(TcpClusterSpecifier::WeightedClusters(weighted)) => {
                weighted.clusters.iter().map(|cluster| cluster.name.as_str()).collect()
            }
        }
    }
}

message! {
    pub struct TcpProxy = "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy" {
        stat_prefix: String,
        cluster_specifier: Option<TcpClusterSpecifier>,
        metadata_match: Option<Metadata>,
        idle_timeout: Option<Duration>,
        access_log: Vec<AccessLog>,
        max_connect_attempts: Option<u32>,
        hash_policy: Vec<ConnectionHashPolicy>,
        tunneling_config: Option<TunnelingConfig>,
        max_downstream_connection_duration: Option<Duration>,
    }
}

oneof! {
    pub enum TcpClusterSpecifier {
        Cluster: String = "cluster",
        WeightedClusters: WeightedClusters = "weighted_clusters",
    }
}

message! {
    pub struct WeightedClusters = "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy.WeightedCluster" {
        clusters: Vec<ClusterWeight>,
    }
}

message! {
    pub struct ClusterWeight = "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy.WeightedCluster.ClusterWeight" {
        name: String,
        weight: u32,
    }
}

message! {
    pub struct TunnelingConfig = "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy.TunnelingConfig" {
        hostname: String,
        use_post: bool,
        headers_to_add: Vec<HeaderValueOption>,
    }
}
