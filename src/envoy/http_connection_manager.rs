//! The network filter that speaks HTTP, and the frame of its HTTP filters.

use std::time::Duration;

use super::access_log::AccessLog;
use super::any::Any;
use super::core::{ConfigSource, Percent};
use super::protocol::{Http1ProtocolOptions, Http2ProtocolOptions, HttpProtocolOptions};
use super::route::RouteConfiguration;
use super::tracing::CustomTag;

extension!(HttpFilter);

message! {
    pub struct HttpConnectionManager = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager" {
        codec_type: CodecType,
        stat_prefix: String,
        route_specifier: Option<RouteSpecifier>,
        http_filters: Vec<HttpFilter>,
        add_user_agent: Option<bool>,
        tracing: Option<Tracing>,
        common_http_protocol_options: Option<HttpProtocolOptions>,
        http_protocol_options: Option<Http1ProtocolOptions>,
        http2_protocol_options: Option<Http2ProtocolOptions>,
        server_name: String,
        server_header_transformation: ServerHeaderTransformation,
        max_request_headers_kb: Option<u32>,
        stream_idle_timeout: Option<Duration>,
        request_timeout: Option<Duration>,
        request_headers_timeout: Option<Duration>,
        drain_timeout: Option<Duration>,
        access_log: Vec<AccessLog>,
        use_remote_address: Option<bool>,
        xff_num_trusted_hops: u32,
        skip_xff_append: bool,
        via: String,
        generate_request_id: Option<bool>,
        preserve_external_request_id: bool,
        always_set_request_id_in_response: bool,
        forward_client_cert_details: ForwardClientCertDetails,
        set_current_client_cert_details: Option<SetCurrentClientCertDetails>,
        proxy_100_continue: bool,
        upgrade_configs: Vec<UpgradeConfig>,
        normalize_path: Option<bool>,
        merge_slashes: bool,
        path_with_escaped_slashes_action: PathWithEscapedSlashesAction,
        request_id_extension: Option<RequestIdExtension>,
        strip_matching_host_port: bool,
        strip_any_host_port: Option<bool>,
        append_x_forwarded_port: bool,
    }
}

oneof! {
    pub enum RouteSpecifier {
        Rds: Rds = "rds",
        RouteConfig: RouteConfiguration = "route_config",
    }
}

message! {
    pub struct Rds = "envoy.extensions.filters.network.http_connection_manager.v3.Rds" {
        config_source: Option<ConfigSource>,
        route_config_name: String,
    }
}

message! {
    pub struct HttpFilter = "envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter" {
        name: String,
        typed_config: Option<Any>,
        is_optional: bool,
        disabled: bool,
    }
}

message! {
    pub struct Tracing = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.Tracing" {
        client_sampling: Option<Percent>,
        random_sampling: Option<Percent>,
        overall_sampling: Option<Percent>,
        custom_tags: Vec<CustomTag>,
    }
}

impl HttpConnectionManager {
    /// The name of the routes that it asks for.
    pub fn routes_name(&self) -> Option<&str> {
        match self.route_specifier.as_ref()? {
            RouteSpecifier::Rds(rds) => Some(&rds.route_config_name),
            RouteSpecifier::RouteConfig(_) => None,
        }
    }
}

message! {
    pub struct UpgradeConfig = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.UpgradeConfig" {
        upgrade_type: String,
        enabled: Option<bool>,
    }
}

message! {
    pub struct RequestIdExtension = "envoy.extensions.filters.network.http_connection_manager.v3.RequestIDExtension" {
        typed_config: Option<Any>,
    }
}

message! {
    pub struct SetCurrentClientCertDetails = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.SetCurrentClientCertDetails" {
        subject: Option<bool>,
        cert: bool,
        chain: bool,
        dns: bool,
        uri: bool,
    }
}

message! {
    pub struct UuidRequestIdConfig = "envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig" {
        use_request_id_for_trace_sampling: Option<bool>,
    }
}

names! {
    pub enum CodecType = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.CodecType" {
        Auto = "AUTO",
        Http1 = "HTTP1",
        Http2 = "HTTP2",
        Http3 = "HTTP3",
    }
}

names! {
    pub enum ServerHeaderTransformation = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.ServerHeaderTransformation" {
        Overwrite = "OVERWRITE",
        AppendIfAbsent = "APPEND_IF_ABSENT",
        PassThrough = "PASS_THROUGH",
    }
}

names! {
    pub enum ForwardClientCertDetails = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.ForwardClientCertDetails" {
        Sanitize = "SANITIZE",
        ForwardOnly = "FORWARD_ONLY",
        AppendForward = "APPEND_FORWARD",
        SanitizeSet = "SANITIZE_SET",
        AlwaysForwardOnly = "ALWAYS_FORWARD_ONLY",
    }
}

names! {
    pub enum PathWithEscapedSlashesAction = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.PathWithEscapedSlashesAction" {
        ImplementationSpecificDefault = "IMPLEMENTATION_SPECIFIC_DEFAULT",
        KeepUnchanged = "KEEP_UNCHANGED",
        RejectRequest = "REJECT_REQUEST",
        UnescapeAndRedirect = "UNESCAPE_AND_REDIRECT",
        UnescapeAndForward = "UNESCAPE_AND_FORWARD",
    }
}
