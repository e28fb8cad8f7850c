//! Settings of the HTTP protocols, towards clients and upstreams.

use std::time::Duration;

use super::core::TypedExtensionConfig;

/// How many headers a message may have where `max_headers_count` does not say it.
pub const MOST_HEADERS: u32 = 100;

message! {
    pub struct HttpProtocolOptions = "envoy.config.core.v3.HttpProtocolOptions" {
        idle_timeout: Option<Duration>,
        max_connection_duration: Option<Duration>,
        max_headers_count: Option<u32>,
        max_stream_duration: Option<Duration>,
        headers_with_underscores_action: HeadersWithUnderscoresAction,
        max_requests_per_connection: Option<u32>,
    }
}

message! {
    pub struct Http1ProtocolOptions = "envoy.config.core.v3.Http1ProtocolOptions" {
        accept_http_10: bool,
        default_host_for_http_10: String,
        header_key_format: Option<HeaderKeyFormat>,
        allow_chunked_length: bool,
    }
}

message! {
    pub struct Http2ProtocolOptions = "envoy.config.core.v3.Http2ProtocolOptions" {
        max_concurrent_streams: Option<u32>,
        initial_stream_window_size: Option<u32>,
        initial_connection_window_size: Option<u32>,
        connection_keepalive: Option<KeepaliveSettings>,
    }
}

message! {
    pub struct KeepaliveSettings = "envoy.config.core.v3.KeepaliveSettings" {
        interval: Option<Duration>,
        timeout: Option<Duration>,
    }
}

message! {
    pub struct UpstreamHttpProtocolOptions = "envoy.config.core.v3.UpstreamHttpProtocolOptions" {
        auto_sni: bool,
        auto_san_validation: bool,
        override_auto_sni_header: String,
    }
}

message! {
    pub struct HeaderKeyFormat = "envoy.config.core.v3.Http1ProtocolOptions.HeaderKeyFormat" {
        stateful_formatter: Option<TypedExtensionConfig>,
    }
}

impl Http1ProtocolOptions {
    /// Names of headers stay as they are written.
    pub fn preserves_case(&self) -> bool {
        self.header_key_format.as_ref().is_some_and(|format| format.stateful_formatter.is_some())
    }

    /// Names of headers are written `Like-This`.
    pub fn capitalizes(&self) -> bool {
        self.header_key_format.as_ref().is_some_and(|format| format.untyped.get("proper_case_words").is_some())
    }
}

message! {
    pub struct PreserveCaseFormatterConfig = "envoy.extensions.http.header_formatters.preserve_case.v3.PreserveCaseFormatterConfig" {}
}

message! {
    pub struct UpstreamProtocolOptions = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions" {
        common_http_protocol_options: Option<HttpProtocolOptions>,
        upstream_http_protocol_options: Option<UpstreamHttpProtocolOptions>,
        upstream_protocol: Option<UpstreamProtocol>,
    }
}

oneof! {
    pub enum UpstreamProtocol {
        ExplicitHttpConfig: ExplicitHttpConfig = "explicit_http_config",
        UseDownstreamProtocolConfig: UseDownstreamHttpConfig = "use_downstream_protocol_config",
        AutoConfig: AutoHttpConfig = "auto_config",
    }
}

message! {
    pub struct UseDownstreamHttpConfig = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions.UseDownstreamHttpConfig" {
        http_protocol_options: Option<Http1ProtocolOptions>,
        http2_protocol_options: Option<Http2ProtocolOptions>,
    }
}

choice! {
    pub enum ExplicitHttpConfig = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions.ExplicitHttpConfig" {
        HttpProtocolOptions: Http1ProtocolOptions = "http_protocol_options",
        Http2ProtocolOptions: Http2ProtocolOptions = "http2_protocol_options",
    }
}

message! {
    pub struct AutoHttpConfig = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions.AutoHttpConfig" {
        http_protocol_options: Option<Http1ProtocolOptions>,
        http2_protocol_options: Option<Http2ProtocolOptions>,
    }
}

names! {
    pub enum HeadersWithUnderscoresAction = "envoy.config.core.v3.HttpProtocolOptions.HeadersWithUnderscoresAction" {
        Allow = "ALLOW",
        RejectRequest = "REJECT_REQUEST",
        DropHeader = "DROP_HEADER",
    }
}
