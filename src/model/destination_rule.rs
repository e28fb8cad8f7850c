//! `networking.istio.io` DestinationRule: names as in istio/api 1.31 `networking/v1alpha3/destination_rule.proto`.

use crate::format::Duration;
use crate::source::Span;
use crate::yaml::Node;

use super::read::{Bool, Float, Int, Labels, Located, Map, Str, message};
use super::virtual_service::PortSelector;

message! {
    pub struct DestinationRule<'a> {
        host: Option<Str<'a>>,
        traffic_policy: Option<Box<TrafficPolicy<'a>>>,
        subsets: Vec<Subset<'a>>,
        export_to: Vec<Str<'a>>,
        workload_selector: Option<WorkloadSelector<'a>>,
    }

    /// `matchLabels` of a policy, a DestinationRule, a Telemetry.
    pub struct WorkloadSelector<'a> {
        match_labels: Labels<'a>,
    }

    pub struct Subset<'a> {
        name: Option<Str<'a>>,
        labels: Labels<'a>,
        traffic_policy: Option<Box<TrafficPolicy<'a>>>,
    }

    pub struct TrafficPolicy<'a> {
        load_balancer: Option<Box<LoadBalancerSettings<'a>>>,
        connection_pool: Option<Box<ConnectionPoolSettings<'a>>>,
        outlier_detection: Option<Box<OutlierDetection<'a>>>,
        tls: Option<Box<ClientTlsSettings<'a>>>,
        port_level_settings: Vec<PortTrafficPolicy<'a>>,
        tunnel: Option<Box<TunnelSettings<'a>>>,
        proxy_protocol: Option<Box<ProxyProtocol<'a>>>,
        retry_budget: Option<Box<RetryBudget<'a>>>,
    }

    pub struct PortTrafficPolicy<'a> {
        port: Option<PortSelector<'a>>,
        load_balancer: Option<Box<LoadBalancerSettings<'a>>>,
        connection_pool: Option<Box<ConnectionPoolSettings<'a>>>,
        outlier_detection: Option<Box<OutlierDetection<'a>>>,
        tls: Option<Box<ClientTlsSettings<'a>>>,
    }

    pub struct TunnelSettings<'a> {
        protocol: Option<Str<'a>>,
        target_host: Option<Str<'a>>,
        target_port: Option<Int>,
    }

    pub struct ProxyProtocol<'a> {
        version: Option<Str<'a>>,
    }

    pub struct RetryBudget<'a> {
        percent: Option<Float>,
        budget_interval: Option<Located<Duration>>,
        min_retry_concurrency: Option<Int>,
    }

    pub struct LoadBalancerSettings<'a> {
        simple: Option<Str<'a>>,
        consistent_hash: Option<Box<ConsistentHash<'a>>>,
        locality_lb_setting: Option<Box<LocalityLbSetting<'a>>>,
        zone_aware_lb_setting: Option<Box<ZoneAwareLbSetting<'a>>>,
        warmup: Option<Box<Warmup<'a>>>,
        warmup_duration_secs: Option<Located<Duration>>,
    }

    pub struct Warmup<'a> {
        duration: Option<Located<Duration>>,
        minimum_percent: Option<Float>,
        aggression: Option<Float>,
    }

    pub struct ConsistentHash<'a> {
        http_header_name: Option<Str<'a>>,
        http_cookie: Option<Box<HttpCookie<'a>>>,
        use_source_ip: Option<Bool>,
        http_query_parameter_name: Option<Str<'a>>,
        ring_hash: Option<Box<RingHash<'a>>>,
        maglev: Option<Box<MagLev<'a>>>,
        minimum_ring_size: Option<Int>,
    }

    pub struct RingHash<'a> {
        minimum_ring_size: Option<Int>,
    }

    pub struct MagLev<'a> {
        table_size: Option<Int>,
    }

    pub struct HttpCookie<'a> {
        name: Option<Str<'a>>,
        path: Option<Str<'a>>,
        ttl: Option<Located<Duration>>,
        attributes: Vec<CookieAttribute<'a>>,
    }

    pub struct CookieAttribute<'a> {
        name: Option<Str<'a>>,
        value: Option<Str<'a>>,
    }

    pub struct LocalityLbSetting<'a> {
        distribute: Vec<Distribute<'a>>,
        failover: Vec<Failover<'a>>,
        failover_priority: Vec<Str<'a>>,
        enabled: Option<Bool>,
    }

    pub struct ZoneAwareLbSetting<'a> {
        enabled: Option<Bool>,
        routing_enabled: Option<Float>,
        min_cluster_size: Option<Int>,
        force_local_zone: Option<Box<ForceLocalZone<'a>>>,
        failover: Vec<Failover<'a>>,
        failover_priority: Vec<Str<'a>>,
    }

    pub struct ForceLocalZone<'a> {
        enabled: Option<Bool>,
        min_size: Option<Int>,
    }

    pub struct Distribute<'a> {
        from: Option<Str<'a>>,
        to: Map<'a, Int>,
    }

    pub struct Failover<'a> {
        from: Option<Str<'a>>,
        to: Option<Str<'a>>,
    }

    pub struct ConnectionPoolSettings<'a> {
        tcp: Option<Box<TcpSettings<'a>>>,
        http: Option<Box<HttpSettings<'a>>>,
    }

    pub struct TcpSettings<'a> {
        max_connections: Option<Int>,
        connect_timeout: Option<Located<Duration>>,
        tcp_keepalive: Option<Box<TcpKeepalive<'a>>>,
        max_connection_duration: Option<Located<Duration>>,
        idle_timeout: Option<Located<Duration>>,
    }

    pub struct TcpKeepalive<'a> {
        probes: Option<Int>,
        time: Option<Located<Duration>>,
        interval: Option<Located<Duration>>,
    }

    pub struct HttpSettings<'a> {
        http1_max_pending_requests: Option<Int>,
        http2_max_requests: Option<Int>,
        max_requests_per_connection: Option<Int>,
        max_retries: Option<Int>,
        idle_timeout: Option<Located<Duration>>,
        h2_upgrade_policy: Option<Str<'a>>,
        use_client_protocol: Option<Bool>,
        max_concurrent_streams: Option<Int>,
        http2_keep_alive: Option<Box<Http2KeepAlive<'a>>>,
    }

    pub struct Http2KeepAlive<'a> {
        interval: Option<Located<Duration>>,
        timeout: Option<Located<Duration>>,
    }

    pub struct OutlierDetection<'a> {
        consecutive_errors: Option<Int>,
        split_external_local_origin_errors: Option<Bool>,
        consecutive_local_origin_failures: Option<Int>,
        consecutive_gateway_errors: Option<Int>,
        consecutive5xx_errors as "consecutive5xxErrors": Option<Int>,
        interval: Option<Located<Duration>>,
        base_ejection_time: Option<Located<Duration>>,
        max_ejection_percent: Option<Int>,
        min_health_percent: Option<Int>,
        outlier_detection_http_error_codes: Vec<Int>,
    }

    pub struct ClientTlsSettings<'a> {
        mode: Option<Str<'a>>,
        client_certificate: Option<Str<'a>>,
        private_key: Option<Str<'a>>,
        ca_certificates: Option<Str<'a>>,
        credential_name: Option<Str<'a>>,
        subject_alt_names: Vec<Str<'a>>,
        sni: Option<Str<'a>>,
        insecure_skip_verify: Option<Bool>,
        ca_crl: Option<Str<'a>>,
    }
}

/// The settings of one level of a DestinationRule: of all, of a subset, or of a port of either.
#[derive(Clone, Copy, Debug)]
pub struct PolicyLevel<'d, 'a> {
    pub subset: Option<&'d Subset<'a>>,
    pub port: Option<&'d PortTrafficPolicy<'a>>,
    /// The policy, or the entry for the port.
    pub node: Node<'a>,
    pub load_balancer: Option<&'d LoadBalancerSettings<'a>>,
    pub connection_pool: Option<&'d ConnectionPoolSettings<'a>>,
    pub outlier_detection: Option<&'d OutlierDetection<'a>>,
    pub tls: Option<&'d ClientTlsSettings<'a>>,
}

impl PolicyLevel<'_, '_> {
    /// Whether it stands at the top: neither in a subset nor for one port.
    pub fn is_top(&self) -> bool {
        self.subset.is_none() && self.port.is_none()
    }

    pub fn port_number(&self) -> Option<i64> {
        self.port?.number()
    }
}

impl PortTrafficPolicy<'_> {
    pub fn number(&self) -> Option<i64> {
        Some(self.port.as_ref()?.number?.value)
    }
}

impl<'a> TrafficPolicy<'a> {
    /// The TLS settings that hold for a port, and the place of their key: its own, if anything is set for it, else those of
    /// the policy.
    pub fn tls_of_port(&self, number: i64) -> Option<(&ClientTlsSettings<'a>, Span)> {
        let (tls, node) = match self.port_level_settings.iter().find(|settings| settings.number() == Some(number)) {
            Some(settings) => (settings.tls.as_deref()?, settings.node),
            None => (self.tls.as_deref()?, self.node),
        };
        Some((tls, node.key_at("tls").unwrap_or(tls.node.head())))
    }
}

impl ClientTlsSettings<'_> {
    /// Whether it adds TLS with certificates of its own, not those of the mesh.
    pub fn originates(&self) -> bool {
        self.mode.is_some_and(|mode| matches!(mode.value, "SIMPLE" | "MUTUAL"))
    }
}

impl<'a> DestinationRule<'a> {
    /// The TLS settings of all policies, of single ports, too.
    pub fn tls_settings(&self) -> impl Iterator<Item = &ClientTlsSettings<'a>> {
        self.levels().filter_map(|level| level.tls)
    }

    /// All levels that have settings, in the order of the text but for ports, which come after what they belong to.
    pub fn levels(&self) -> impl Iterator<Item = PolicyLevel<'_, 'a>> {
        self.policies().flat_map(|(subset, policy)| {
            let own = PolicyLevel {
                subset,
                port: None,
                node: policy.node,
                load_balancer: policy.load_balancer.as_deref(),
                connection_pool: policy.connection_pool.as_deref(),
                outlier_detection: policy.outlier_detection.as_deref(),
                tls: policy.tls.as_deref(),
            };
            let ports = policy.port_level_settings.iter().map(move |entry| PolicyLevel {
                subset,
                port: Some(entry),
                node: entry.node,
                load_balancer: entry.load_balancer.as_deref(),
                connection_pool: entry.connection_pool.as_deref(),
                outlier_detection: entry.outlier_detection.as_deref(),
                tls: entry.tls.as_deref(),
            });
            std::iter::once(own).chain(ports)
        })
    }

    /// The top-level policy and those of the subsets, each with its subset.
    pub fn policies(&self) -> impl Iterator<Item = (Option<&Subset<'a>>, &TrafficPolicy<'a>)> {
        let own = self.traffic_policy.as_deref().into_iter().map(|policy| (None, policy));
        let subsets = self.subsets.iter().filter_map(|subset| Some((Some(subset), subset.traffic_policy.as_deref()?)));
        own.chain(subsets)
    }
}
