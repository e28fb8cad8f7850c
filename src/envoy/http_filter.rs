//! HTTP filters that have no module of their own.

use std::time::Duration;

use super::cluster::DnsCacheConfig;
use super::core::{FractionalPercent, RuntimeFractionalPercent};
use super::matcher::StringMatcher;
use super::route::HeaderMatcher;

message! {
    pub struct FaultDelay = "envoy.extensions.filters.common.fault.v3.FaultDelay" {
        fixed_delay: Option<Duration>,
        percentage: Option<FractionalPercent>,
    }
}

message! {
    pub struct Cors = "envoy.extensions.filters.http.cors.v3.Cors" {}
}

message! {
    pub struct CorsPolicy = "envoy.extensions.filters.http.cors.v3.CorsPolicy" {
        allow_origin_string_match: Vec<StringMatcher>,
        allow_methods: String,
        allow_headers: String,
        expose_headers: String,
        max_age: String,
        allow_credentials: Option<bool>,
        filter_enabled: Option<RuntimeFractionalPercent>,
        shadow_enabled: Option<RuntimeFractionalPercent>,
        allow_private_network_access: Option<bool>,
        forward_not_matching_preflights: Option<bool>,
    }
}

message! {
    pub struct DynamicForwardProxy = "envoy.extensions.filters.http.dynamic_forward_proxy.v3.FilterConfig" {
        dns_cache_config: Option<DnsCacheConfig>,
    }
}

message! {
    pub struct HttpFault = "envoy.extensions.filters.http.fault.v3.HTTPFault" {
        delay: Option<FaultDelay>,
        abort: Option<FaultAbort>,
        upstream_cluster: String,
        headers: Vec<HeaderMatcher>,
    }
}

message! {
    pub struct FaultAbort = "envoy.extensions.filters.http.fault.v3.FaultAbort" {
        error: Option<AbortError>,
        percentage: Option<FractionalPercent>,
    }
}

oneof! {
    pub enum AbortError {
        HttpStatus: u32 = "http_status",
        GrpcStatus: u32 = "grpc_status",
    }
}

message! {
    pub struct GrpcStats = "envoy.extensions.filters.http.grpc_stats.v3.FilterConfig" {
        emit_filter_state: bool,
        stats_for_all_methods: Option<bool>,
    }
}

message! {
    pub struct GrpcWeb = "envoy.extensions.filters.http.grpc_web.v3.GrpcWeb" {}
}

message! {
    pub struct Router = "envoy.extensions.filters.http.router.v3.Router" {
        dynamic_stats: Option<bool>,
        start_child_span: bool,
        suppress_envoy_headers: bool,
    }
}
