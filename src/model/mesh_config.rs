//! MeshConfig: names as in istio/api 1.31 `mesh/v1alpha1/config.proto`, as far as meshlint uses them.

use crate::format::Duration;
use crate::yaml::Node;

use super::destination_rule::{ClientTlsSettings, LocalityLbSetting, TcpKeepalive, TrafficPolicy, ZoneAwareLbSetting};
use super::read::{Bool, Int, Labels, Located, Str, message};
use super::virtual_service::HttpRetry;

message! {
    pub struct MeshConfig<'a> {
        root_namespace: Option<Str<'a>>,
        trust_domain: Option<Str<'a>>,
        trust_domain_aliases: Vec<Str<'a>>,
        enable_auto_mtls: Option<Bool>,
        outbound_traffic_policy: Option<OutboundTrafficPolicy<'a>>,
        inbound_traffic_policy: Option<Mode<'a>>,
        default_service_export_to: Vec<Str<'a>>,
        default_virtual_service_export_to: Vec<Str<'a>>,
        default_destination_rule_export_to: Vec<Str<'a>>,
        default_config: Option<DefaultProxyConfig<'a>>,
        extension_providers: Vec<ExtensionProvider<'a>>,
        default_providers: Option<DefaultProviders<'a>>,
        ingress_controller_mode: Option<Str<'a>>,
        ingress_service: Option<Str<'a>>,
        ingress_selector: Option<Str<'a>>,
        ingress_class: Option<Str<'a>>,
        locality_lb_setting: Option<Box<LocalityLbSetting<'a>>>,
        zone_aware_lb_setting: Option<Box<ZoneAwareLbSetting<'a>>>,
        default_traffic_policy: Option<Box<TrafficPolicy<'a>>>,
        default_http_retry_policy: Option<Box<HttpRetry<'a>>>,
        access_log_file: Option<Str<'a>>,
        access_log_format: Option<Str<'a>>,
        access_log_encoding: Option<Str<'a>>,
        enable_envoy_access_log_service: Option<Bool>,
        disable_envoy_listener_log: Option<Bool>,
        enable_tracing: Option<Bool>,
        connect_timeout: Option<Located<Duration>>,
        protocol_detection_timeout: Option<Located<Duration>>,
        tcp_keepalive: Option<TcpKeepalive<'a>>,
        h2_upgrade_policy: Option<Str<'a>>,
        inbound_cluster_stat_name: Option<Str<'a>>,
        outbound_cluster_stat_name: Option<Str<'a>>,
        verify_certificate_at_client: Option<Bool>,
        path_normalization: Option<PathNormalization<'a>>,
        discovery_selectors: Vec<Node<'a>>,
        service_settings: Vec<Node<'a>>,
        mesh_mtls as "meshMTLS": Option<TlsConfig<'a>>,
        tls_defaults: Option<TlsConfig<'a>>,
        ca_certificates: Vec<Node<'a>>,
        proxy_listen_port: Option<Int>,
        proxy_http_port: Option<Int>,
        proxy_inbound_listen_port: Option<Int>,
        dns_refresh_rate: Option<Located<Duration>>,
        enable_prometheus_merge: Option<Bool>,
    }

    pub struct OutboundTrafficPolicy<'a> {
        mode: Option<Str<'a>>,
        /// Of `ALLOW_ANY_DYNAMIC_DNS` only.
        tls: Option<Box<ClientTlsSettings<'a>>>,
    }

    pub struct Mode<'a> {
        mode: Option<Str<'a>>,
    }

    pub struct PathNormalization<'a> {
        normalization: Option<Str<'a>>,
    }

    pub struct TlsConfig<'a> {
        min_protocol_version: Option<Str<'a>>,
        ecdh_curves: Vec<Str<'a>>,
        cipher_suites: Vec<Str<'a>>,
    }

    /// ProxyConfig of the mesh, and of the annotation `proxy.istio.io/config`.
    pub struct DefaultProxyConfig<'a> {
        concurrency: Option<Int>,
        proxy_metadata: Labels<'a>,
        interception_mode: Option<Str<'a>>,
        hold_application_until_proxy_starts: Option<Bool>,
        tracing: Option<Node<'a>>,
        proxy_headers: Option<Node<'a>>,
        gateway_topology: Option<Node<'a>>,
        private_key_provider: Option<Node<'a>>,
        drain_duration: Option<Located<Duration>>,
        image: Option<Node<'a>>,
    }

    pub struct DefaultProviders<'a> {
        tracing: Vec<Str<'a>>,
        metrics: Vec<Str<'a>>,
        access_logging: Vec<Str<'a>>,
    }

    /// An external authorizer that is asked by HTTP.
    pub struct ExtAuthzHttp<'a> {
        service: Option<Str<'a>>,
        port: Option<Int>,
        timeout: Option<Located<Duration>>,
        path_prefix: Option<Str<'a>>,
        fail_open: Option<Bool>,
        status_on_error: Option<Str<'a>>,
        /// Deprecated: `include_request_headers_in_check` replaces it.
        include_headers_in_check: Vec<Str<'a>>,
        include_request_headers_in_check: Vec<Str<'a>>,
        include_additional_headers_in_check: Labels<'a>,
        include_request_body_in_check: Option<RequestBody<'a>>,
        headers_to_upstream_on_allow: Vec<Str<'a>>,
        headers_to_downstream_on_deny: Vec<Str<'a>>,
        headers_to_downstream_on_allow: Vec<Str<'a>>,
    }

    /// An external authorizer that is asked by gRPC.
    pub struct ExtAuthzGrpc<'a> {
        service: Option<Str<'a>>,
        port: Option<Int>,
        timeout: Option<Located<Duration>>,
        fail_open: Option<Bool>,
        status_on_error: Option<Str<'a>>,
        include_request_body_in_check: Option<RequestBody<'a>>,
    }

    pub struct FileAccessLog<'a> {
        path: Option<Str<'a>>,
        log_format: Option<LogFormat<'a>>,
        omit_empty_values: Option<Bool>,
    }

    /// A sink of logs that is asked by gRPC: `envoyHttpAls`, `envoyTcpAls`, `envoyOtelAls`.
    pub struct AccessLogService<'a> {
        service: Option<Str<'a>>,
        port: Option<Int>,
        log_name: Option<Str<'a>>,
        log_format: Option<LogFormat<'a>>,
        filter_state_objects_to_log: Vec<Str<'a>>,
        additional_request_headers_to_log: Vec<Str<'a>>,
        additional_response_headers_to_log: Vec<Str<'a>>,
        additional_response_trailers_to_log: Vec<Str<'a>>,
    }

    pub struct LogFormat<'a> {
        text: Option<Str<'a>>,
        /// A `google.protobuf.Struct`.
        labels: Option<Node<'a>>,
    }

    /// How much of a request the authorizer gets.
    pub struct RequestBody<'a> {
        max_request_bytes: Option<Int>,
        allow_partial_message: Option<Bool>,
        pack_as_bytes: Option<Bool>,
    }

    /// A named provider; which kind it is tells the one other key it has.
    pub struct ExtensionProvider<'a> {
        name: Option<Str<'a>>,
    }
}

impl<'a> ExtensionProvider<'a> {
    /// The kind of the provider (`envoyExtAuthzGrpc`, `prometheus`, …) and what is written under it.
    pub fn kind(&self) -> Option<(&'a str, Node<'a>)> {
        let entry = self.node.entries().find(|entry| entry.key.as_str() != Some("name"))?;
        Some((entry.key.as_str()?, entry.value))
    }
}
