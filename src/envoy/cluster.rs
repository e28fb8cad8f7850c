//! Clusters: `envoy.config.cluster.v3`.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use super::any::Any;
use super::core::{
    BindConfig, ConfigSource, HealthStatusSet, Metadata, Percent, RoutingPriority, RuntimeDouble, TcpKeepalive,
    TransportSocket, TypedExtensionConfig,
};
use super::endpoint::ClusterLoadAssignment;
use super::health_check::HealthCheck;

use super::message::Object;
use super::tracing::MetadataKey;

extension!(Filter);
extension!(CustomClusterType);

message! {
    pub struct CircuitBreakers = "envoy.config.cluster.v3.CircuitBreakers" {
        thresholds: Vec<Thresholds>,
    }
}

message! {
    pub struct Thresholds = "envoy.config.cluster.v3.CircuitBreakers.Thresholds" {
        priority: RoutingPriority,
        max_connections: Option<u32>,
        max_pending_requests: Option<u32>,
        max_requests: Option<u32>,
        max_retries: Option<u32>,
        retry_budget: Option<RetryBudget>,
        track_remaining: bool,
    }
}

message! {
    pub struct RetryBudget = "envoy.config.cluster.v3.CircuitBreakers.Thresholds.RetryBudget" {
        budget_percent: Option<Percent>,
        budget_interval: Option<Duration>,
        min_retry_concurrency: Option<u32>,
    }
}

message! {
    pub struct Cluster = "envoy.config.cluster.v3.Cluster" {
        transport_socket_matches: Vec<TransportSocketMatch>,
        name: String,
        alt_stat_name: String,
        discovery: Option<Discovery>,
        eds_cluster_config: Option<EdsClusterConfig>,
        connect_timeout: Option<Duration>,
        per_connection_buffer_limit_bytes: Option<u32>,
        lb_policy: LbPolicy,
        load_assignment: Option<ClusterLoadAssignment>,
        health_checks: Vec<HealthCheck>,
        circuit_breakers: Option<CircuitBreakers>,
        typed_extension_protocol_options: BTreeMap<String, Any>,
        dns_refresh_rate: Option<Duration>,
        dns_jitter: Option<Duration>,
        respect_dns_ttl: bool,
        dns_lookup_family: DnsLookupFamily,
        use_tcp_for_dns_lookups: bool,
        typed_dns_resolver_config: Option<TypedExtensionConfig>,
        outlier_detection: Option<OutlierDetection>,
        cleanup_interval: Option<Duration>,
        upstream_bind_config: Option<BindConfig>,
        lb_config: Option<LbConfig>,
        common_lb_config: Option<CommonLbConfig>,
        transport_socket: Option<TransportSocket>,
        metadata: Option<Metadata>,
        upstream_connection_options: Option<UpstreamConnectionOptions>,
        ignore_health_on_host_removal: bool,
        filters: Vec<Filter>,
    }
}

oneof! {
    pub enum Discovery {
        Type: DiscoveryType = "type",
        ClusterType: CustomClusterType = "cluster_type",
    }
}

oneof! {
    pub enum LbConfig {
        RingHashLbConfig: RingHashLbConfig = "ring_hash_lb_config",
        MaglevLbConfig: MaglevLbConfig = "maglev_lb_config",
        OriginalDstLbConfig: OriginalDstLbConfig = "original_dst_lb_config",
        LeastRequestLbConfig: LeastRequestLbConfig = "least_request_lb_config",
        RoundRobinLbConfig: RoundRobinLbConfig = "round_robin_lb_config",
    }
}

message! {
    pub struct CommonLbConfig = "envoy.config.cluster.v3.Cluster.CommonLbConfig" {
        healthy_panic_threshold: Option<Percent>,
        locality_config: Option<LocalityConfig>,
        update_merge_window: Option<Duration>,
        close_connections_on_host_set_change: bool,
        override_host_status: Option<HealthStatusSet>,
    }
}

oneof! {
    pub enum LocalityConfig {
        ZoneAwareLbConfig: ZoneAwareLbConfig = "zone_aware_lb_config",
        LocalityWeightedLbConfig: LocalityWeightedLbConfig = "locality_weighted_lb_config",
    }
}

message! {
    pub struct TransportSocketMatch = "envoy.config.cluster.v3.Cluster.TransportSocketMatch" {
        name: String,
        r#match: Option<Object>,
        transport_socket: Option<TransportSocket>,
    }
}

message! {
    pub struct EdsClusterConfig = "envoy.config.cluster.v3.Cluster.EdsClusterConfig" {
        eds_config: Option<ConfigSource>,
        service_name: String,
    }
}

message! {
    pub struct RingHashLbConfig = "envoy.config.cluster.v3.Cluster.RingHashLbConfig" {
        minimum_ring_size: Option<u64>,
        hash_function: HashFunction,
        maximum_ring_size: Option<u64>,
    }
}

message! {
    pub struct ZoneAwareLbConfig = "envoy.config.cluster.v3.Cluster.CommonLbConfig.ZoneAwareLbConfig" {
        routing_enabled: Option<Percent>,
        min_cluster_size: Option<u64>,
        fail_traffic_on_panic: bool,
    }
}

message! {
    pub struct LocalityWeightedLbConfig = "envoy.config.cluster.v3.Cluster.CommonLbConfig.LocalityWeightedLbConfig" {}
}

message! {
    pub struct CustomClusterType = "envoy.config.cluster.v3.Cluster.CustomClusterType" {
        name: String,
        typed_config: Option<Any>,
    }
}

message! {
    pub struct OriginalDstLbConfig = "envoy.config.cluster.v3.Cluster.OriginalDstLbConfig" {
        use_http_header: bool,
        http_header_name: String,
        upstream_port_override: Option<u32>,
        metadata_key: Option<MetadataKey>,
    }
}

message! {
    pub struct UpstreamConnectionOptions = "envoy.config.cluster.v3.UpstreamConnectionOptions" {
        tcp_keepalive: Option<TcpKeepalive>,
    }
}

message! {
    pub struct MaglevLbConfig = "envoy.config.cluster.v3.Cluster.MaglevLbConfig" {
        table_size: Option<u64>,
    }
}

message! {
    pub struct RoundRobinLbConfig = "envoy.config.cluster.v3.Cluster.RoundRobinLbConfig" {
        slow_start_config: Option<SlowStartConfig>,
    }
}

message! {
    pub struct SlowStartConfig = "envoy.config.cluster.v3.Cluster.SlowStartConfig" {
        slow_start_window: Option<Duration>,
        aggression: Option<RuntimeDouble>,
        min_weight_percent: Option<Percent>,
    }
}

message! {
    pub struct LeastRequestLbConfig = "envoy.config.cluster.v3.Cluster.LeastRequestLbConfig" {
        choice_count: Option<u32>,
        active_request_bias: Option<RuntimeDouble>,
        slow_start_config: Option<SlowStartConfig>,
    }
}

message! {
    pub struct Filter = "envoy.config.cluster.v3.Filter" {
        name: String,
        typed_config: Option<Any>,
    }
}

message! {
    pub struct OutlierDetection = "envoy.config.cluster.v3.OutlierDetection" {
        consecutive_5xx: Option<u32>,
        interval: Option<Duration>,
        base_ejection_time: Option<Duration>,
        max_ejection_percent: Option<u32>,
        enforcing_consecutive_5xx: Option<u32>,
        enforcing_success_rate: Option<u32>,
        success_rate_minimum_hosts: Option<u32>,
        success_rate_request_volume: Option<u32>,
        success_rate_stdev_factor: Option<u32>,
        consecutive_gateway_failure: Option<u32>,
        enforcing_consecutive_gateway_failure: Option<u32>,
        split_external_local_origin_errors: bool,
        consecutive_local_origin_failure: Option<u32>,
        enforcing_consecutive_local_origin_failure: Option<u32>,
        enforcing_local_origin_success_rate: Option<u32>,
        failure_percentage_threshold: Option<u32>,
        enforcing_failure_percentage: Option<u32>,
        failure_percentage_minimum_hosts: Option<u32>,
        failure_percentage_request_volume: Option<u32>,
        max_ejection_time: Option<Duration>,
        max_ejection_time_jitter: Option<Duration>,
        always_eject_one_host: Option<bool>,
    }
}

impl Cluster {
    /// How it finds the hosts that requests name, if it forwards by name.
    pub fn by_name(&self) -> Option<&DynamicForwardProxyCluster> {
        match self.custom_type()?.typed_config.as_ref()? {
            Any::DynamicForwardProxyCluster(config) => Some(config),
            _ => None,
        }
    }

    /// The clusters that it stands for, if it is an aggregate.
    pub fn members(&self) -> Option<Vec<&str>> {
        match self.custom_type()?.typed_config.as_ref()? {
            Any::Other(other) if other.type_url.ends_with("clusters.aggregate.v3.ClusterConfig") => {
                Some(other.fields.get("clusters")?.as_array()?.iter().filter_map(Value::as_str).collect())
            }
            _ => None,
        }
    }

    fn custom_type(&self) -> Option<&CustomClusterType> {
        match self.discovery.as_ref()? {
            Discovery::ClusterType(custom) => Some(custom),
            Discovery::Type(_) => None,
        }
    }
}

message! {
    pub struct DynamicForwardProxyCluster = "envoy.extensions.clusters.dynamic_forward_proxy.v3.ClusterConfig" {
        dns_cache_config: Option<DnsCacheConfig>,
        allow_insecure_cluster_options: bool,
    }
}

message! {
    pub struct DnsCacheConfig = "envoy.extensions.common.dynamic_forward_proxy.v3.DnsCacheConfig" {
        name: String,
        dns_lookup_family: DnsLookupFamily,
        dns_refresh_rate: Option<Duration>,
        max_hosts: Option<u32>,
        typed_dns_resolver_config: Option<TypedExtensionConfig>,
    }
}

message! {
    pub struct CaresDnsResolverConfig = "envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig" {
        udp_max_queries: Option<u32>,
    }
}

names! {
    pub enum DiscoveryType = "envoy.config.cluster.v3.Cluster.DiscoveryType" {
        Static = "STATIC",
        StrictDns = "STRICT_DNS",
        LogicalDns = "LOGICAL_DNS",
        Eds = "EDS",
        OriginalDst = "ORIGINAL_DST",
    }
}

names! {
    pub enum LbPolicy = "envoy.config.cluster.v3.Cluster.LbPolicy" {
        RoundRobin = "ROUND_ROBIN",
        LeastRequest = "LEAST_REQUEST",
        RingHash = "RING_HASH",
        Random = "RANDOM",
        Maglev = "MAGLEV",
        ClusterProvided = "CLUSTER_PROVIDED",
        LoadBalancingPolicyConfig = "LOAD_BALANCING_POLICY_CONFIG",
    }
}

names! {
    pub enum DnsLookupFamily = "envoy.config.cluster.v3.Cluster.DnsLookupFamily" {
        Auto = "AUTO",
        V4Only = "V4_ONLY",
        V6Only = "V6_ONLY",
        V4Preferred = "V4_PREFERRED",
        All = "ALL",
    }
}

names! {
    pub enum HashFunction = "envoy.config.cluster.v3.Cluster.RingHashLbConfig.HashFunction" {
        XxHash = "XX_HASH",
        MurmurHash2 = "MURMUR_HASH_2",
    }
}
