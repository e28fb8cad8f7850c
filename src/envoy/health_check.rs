//! Active health checks: `envoy.config.core.v3.HealthCheck`.

use std::time::Duration;

use super::core::HeaderValueOption;
use super::matcher::Int64Range;
use super::scalar::Bytes;

message! {
    pub struct HealthCheck = "envoy.config.core.v3.HealthCheck" {
        timeout: Option<Duration>,
        interval: Option<Duration>,
        unhealthy_threshold: Option<u32>,
        healthy_threshold: Option<u32>,
        health_checker: Option<HealthChecker>,
        no_traffic_interval: Option<Duration>,
        no_traffic_healthy_interval: Option<Duration>,
        unhealthy_interval: Option<Duration>,
        unhealthy_edge_interval: Option<Duration>,
        healthy_edge_interval: Option<Duration>,
    }
}

oneof! {
    pub enum HealthChecker {
        HttpHealthCheck: HttpHealthCheck = "http_health_check",
        TcpHealthCheck: TcpHealthCheck = "tcp_health_check",
        GrpcHealthCheck: GrpcHealthCheck = "grpc_health_check",
    }
}

message! {
    pub struct HttpHealthCheck = "envoy.config.core.v3.HealthCheck.HttpHealthCheck" {
        host: String,
        path: String,
        request_headers_to_add: Vec<HeaderValueOption>,
        request_headers_to_remove: Vec<String>,
        expected_statuses: Vec<Int64Range>,
        codec_client_type: CodecClientType,
    }
}

message! {
    pub struct TcpHealthCheck = "envoy.config.core.v3.HealthCheck.TcpHealthCheck" {
        send: Option<Payload>,
        receive: Vec<Payload>,
    }
}

message! {
    pub struct Payload = "envoy.config.core.v3.HealthCheck.Payload" {
        payload: Option<PayloadKind>,
    }
}

oneof! {
    pub enum PayloadKind {
        Text: String = "text",
        Binary: Bytes = "binary",
    }
}

message! {
    pub struct GrpcHealthCheck = "envoy.config.core.v3.HealthCheck.GrpcHealthCheck" {
        service_name: String,
        authority: String,
    }
}

names! {
    pub enum CodecClientType = "envoy.type.v3.CodecClientType" {
        Http1 = "HTTP1",
        Http2 = "HTTP2",
        Http3 = "HTTP3",
    }
}
