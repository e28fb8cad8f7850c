//! Extensions that only Istio's build of Envoy has.

use std::collections::BTreeMap;
use std::time::Duration;

use super::message::Object;

message! {
    pub struct Alpn = "istio.envoy.config.filter.http.alpn.v2alpha1.FilterConfig" {
        alpn_override: Vec<AlpnOverride>,
    }
}

message! {
    pub struct AlpnOverride = "istio.envoy.config.filter.http.alpn.v2alpha1.FilterConfig.AlpnOverride" {
        upstream_protocol: AlpnProtocol,
        alpn_override: Vec<String>,
    }
}

message! {
    pub struct Stats = "stats.PluginConfig" {
        disable_host_header_fallback: bool,
        tcp_reporting_duration: Option<Duration>,
        metrics: Vec<MetricConfig>,
        definitions: Vec<MetricDefinition>,
        reporter: Reporter,
        rotation_interval: Option<Duration>,
        graceful_deletion_interval: Option<Duration>,
    }
}

message! {
    pub struct MetricConfig = "stats.MetricConfig" {
        dimensions: BTreeMap<String, String>,
        name: String,
        tags_to_remove: Vec<String>,
        r#match: String,
        drop: bool,
    }
}

message! {
    pub struct MetricDefinition = "stats.MetricDefinition" {
        name: String,
        value: String,
        r#type: MetricType,
    }
}

message! {
    pub struct TypedStruct = "udpa.type.v1.TypedStruct" {
        type_url: String,
        value: Option<Object>,
    }
}

names! {
    pub enum AlpnProtocol = "istio.envoy.config.filter.http.alpn.v2alpha1.FilterConfig.Protocol" {
        Http10 = "HTTP10",
        Http11 = "HTTP11",
        Http2 = "HTTP2",
    }
}

names! {
    pub enum Reporter = "stats.Reporter" {
        Unspecified = "UNSPECIFIED",
        ServerGateway = "SERVER_GATEWAY",
    }
}

names! {
    pub enum MetricType = "stats.MetricType" {
        Counter = "COUNTER",
        Gauge = "GAUGE",
        Histogram = "HISTOGRAM",
    }
}
