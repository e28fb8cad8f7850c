//! The HTTP connection manager of each kind of listener (istio 1.31 `pilot/pkg/networking/core/listener_builder.go`,
//! `buildHTTPConnectionManager`).

use std::time::Duration;

use serde_json::{Value, json};

use crate::envoy::core::{ConfigSource, Percent, TypedExtensionConfig};
use crate::envoy::http_connection_manager::{
    ForwardClientCertDetails, HttpConnectionManager, HttpFilter, PathWithEscapedSlashesAction, Rds, RequestIdExtension,
    RouteSpecifier, ServerHeaderTransformation, SetCurrentClientCertDetails, Tracing, UpgradeConfig,
    UuidRequestIdConfig,
};
use crate::envoy::http_filter::{Cors, DynamicForwardProxy, GrpcStats, GrpcWeb, HttpFault, Router};
use crate::envoy::istio::{Alpn, AlpnOverride, AlpnProtocol, TypedStruct};
use crate::envoy::listener::Filter;
use crate::envoy::protocol::{
    HeaderKeyFormat, Http1ProtocolOptions, Http2ProtocolOptions, HttpProtocolOptions, PreserveCaseFormatterConfig,
};
use crate::envoy::route::RouteConfiguration;
use crate::envoy::tracing::{
    CustomTag, CustomTagKind, LiteralTag, MetadataKey, MetadataKeySegment, MetadataKind, MetadataTag, RequestMetadata,
};

use super::access_log::Part;
use super::settings::{ClientCertDetails, ConnectionSettings, ServerHeader};
use super::{Context, push};

/// What a connection manager is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    SidecarOutbound,
    SidecarInbound,
    Gateway,
}

impl Place {
    fn part(self) -> Part {
        match self {
            Place::SidecarInbound => Part::Server,
            Place::SidecarOutbound | Place::Gateway => Part::Client,
        }
    }
}

/// What differs from manager to manager of one place.
pub(super) struct Manager {
    pub place: Place,
    /// Without the semicolon that istiod adds, if `plain_prefix`.
    pub stat_prefix: String,
    pub routes: RouteSpecifier,
    /// Authentication and authorization.
    pub security: Vec<HttpFilter>,
    pub grpc_web: bool,
    /// The port speaks HTTP/2 only.
    pub http2: bool,
    pub dynamic_forward_proxy: Option<DynamicForwardProxy>,
}

impl Manager {
    pub fn new(place: Place, stat_prefix: impl Into<String>, routes: RouteSpecifier) -> Self {
        Self {
            place,
            stat_prefix: stat_prefix.into(),
            routes,
            security: Vec::new(),
            grpc_web: false,
            http2: false,
            dynamic_forward_proxy: None,
        }
    }
}

/// Routes that come by RDS.
pub(super) fn rds(name: impl Into<String>) -> RouteSpecifier {
    let config_source = Some(ConfigSource::ads());
    RouteSpecifier::Rds(Rds { config_source, route_config_name: name.into(), ..Default::default() })
}

pub(super) fn inline(routes: RouteConfiguration) -> RouteSpecifier {
    RouteSpecifier::RouteConfig(routes)
}

/// The network filter.
pub(super) fn filter(context: &Context<'_, '_>, manager: Manager) -> Filter {
    let proxy = context.proxy;
    let headers = &proxy.settings.headers;
    let is_server = manager.place != Place::SidecarOutbound;
    let is_gateway = manager.place == Place::Gateway;
    let (server_name, server_header_transformation) = match &headers.server {
        ServerHeader::Default if is_server => ("istio-envoy".to_owned(), ServerHeaderTransformation::Overwrite),
        ServerHeader::Default => (String::new(), ServerHeaderTransformation::Overwrite),
        ServerHeader::Value(name) => (name.clone(), ServerHeaderTransformation::Overwrite),
        ServerHeader::Disabled => (String::new(), ServerHeaderTransformation::PassThrough),
    };
    let paths = Paths::of(context);
    let mut made = HttpConnectionManager {
        http_filters: http_filters(context, &manager),
        stat_prefix: manager.stat_prefix,
        route_specifier: Some(manager.routes),
        tracing: tracing(context),
        http_protocol_options: headers.preserve_http1_case.then(preserve_case),
        server_name,
        server_header_transformation,
        stream_idle_timeout: Some(Duration::ZERO),
        access_log: context.access_logs.of_requests(manager.place.part()),
        use_remote_address: Some(is_gateway),
        generate_request_id: (!headers.request_id).then_some(false),
        proxy_100_continue: true,
        upgrade_configs: vec![UpgradeConfig { upgrade_type: "websocket".to_owned(), ..Default::default() }],
        normalize_path: Some(paths.normalize),
        merge_slashes: paths.merge_slashes,
        path_with_escaped_slashes_action: paths.escaped_slashes,
        request_id_extension: Some(RequestIdExtension {
            typed_config: Some(
                UuidRequestIdConfig { use_request_id_for_trace_sampling: Some(true), ..Default::default() }.into(),
            ),
            ..Default::default()
        }),
        append_x_forwarded_port: headers.forwarded_port,
        ..Default::default()
    };
    if let Some(idle_timeout) = proxy.settings.idle_timeout {
        made.common_http_protocol_options =
            Some(HttpProtocolOptions { idle_timeout: Some(idle_timeout), ..Default::default() });
    }
    connections(&proxy.settings.connections_of(is_gateway), &mut made);
    match manager.place {
        Place::SidecarOutbound => {}
        Place::SidecarInbound => inbound(context, &mut made, manager.http2),
        Place::Gateway => gateway(context, &mut made),
    }
    Filter::new("envoy.filters.network.http_connection_manager", made)
}

fn inbound(context: &Context<'_, '_>, manager: &mut HttpConnectionManager, http2: bool) {
    let headers = &context.proxy.settings.headers;
    let mode = headers.forwarded_client_cert.as_deref();
    manager.forward_client_cert_details = mode.map_or(ForwardClientCertDetails::AppendForward, client_cert_mode);
    let default = ClientCertDetails { subject: Some(true), dns: Some(true), uri: Some(true), ..Default::default() };
    manager.set_current_client_cert_details = Some(details(default, headers.set_current_client_cert_details));
    if http2 {
        manager.http2_protocol_options.get_or_insert_default();
    }
}

fn gateway(context: &Context<'_, '_>, manager: &mut HttpConnectionManager) {
    // What `proxyHeaders` say about certificates of clients is not for gateways.
    let topology = &context.proxy.settings.topology;
    manager.xff_num_trusted_hops = topology.trusted_proxies;
    let mode = topology.forward_client_cert_details.as_deref();
    let mode = mode.map_or(ForwardClientCertDetails::SanitizeSet, client_cert_mode);
    manager.forward_client_cert_details = mode;
    if matches!(mode, ForwardClientCertDetails::AppendForward | ForwardClientCertDetails::SanitizeSet) {
        manager.set_current_client_cert_details = Some(SetCurrentClientCertDetails {
            subject: Some(true),
            cert: true,
            dns: true,
            uri: true,
            ..Default::default()
        });
    }
    manager.http_protocol_options.get_or_insert_with(Http1ProtocolOptions::default);
}

/// What ProxyConfig says about connections goes before what the mesh says about paths (istio 1.31
/// `pilot/pkg/networking/core/connection_settings.go`).
fn connections(settings: &ConnectionSettings, manager: &mut HttpConnectionManager) {
    let common = HttpProtocolOptions {
        idle_timeout: settings.idle_timeout,
        max_connection_duration: settings.max_connection_duration,
        max_stream_duration: settings.max_stream_duration,
        headers_with_underscores_action: settings.headers_with_underscores.unwrap_or_default(),
        ..Default::default()
    };
    if common != HttpProtocolOptions::default() || settings.headers_with_underscores.is_some() {
        let idle_timeout = manager.common_http_protocol_options.take().and_then(|options| options.idle_timeout);
        let idle_timeout = common.idle_timeout.or(idle_timeout);
        manager.common_http_protocol_options = Some(HttpProtocolOptions { idle_timeout, ..common });
    }
    let http2 = Http2ProtocolOptions {
        max_concurrent_streams: settings.max_concurrent_streams,
        initial_stream_window_size: settings.initial_stream_window,
        initial_connection_window_size: settings.initial_connection_window,
        ..Default::default()
    };
    if http2 != Http2ProtocolOptions::default() {
        manager.http2_protocol_options = Some(http2);
    }
    manager.stream_idle_timeout = settings.stream_idle_timeout.or(manager.stream_idle_timeout);
    manager.request_timeout = settings.request_timeout;
    manager.request_headers_timeout = settings.request_headers_timeout;
    manager.drain_timeout = settings.drain_timeout;
    manager.merge_slashes = settings.merge_slashes.unwrap_or(manager.merge_slashes);
    manager.path_with_escaped_slashes_action =
        settings.escaped_slashes.unwrap_or(manager.path_with_escaped_slashes_action);
}

fn client_cert_mode(name: &str) -> ForwardClientCertDetails {
    match name {
        "FORWARD_ONLY" => ForwardClientCertDetails::ForwardOnly,
        "APPEND_FORWARD" => ForwardClientCertDetails::AppendForward,
        "SANITIZE_SET" => ForwardClientCertDetails::SanitizeSet,
        "ALWAYS_FORWARD_ONLY" => ForwardClientCertDetails::AlwaysForwardOnly,
        _ => ForwardClientCertDetails::Sanitize,
    }
}

/// What is written over the default.
fn details(default: ClientCertDetails, written: Option<ClientCertDetails>) -> SetCurrentClientCertDetails {
    let written = written.unwrap_or_default();
    let part = |own: Option<bool>, default: Option<bool>| own.or(default);
    SetCurrentClientCertDetails {
        subject: part(written.subject, default.subject),
        cert: part(written.cert, default.cert).unwrap_or_default(),
        chain: part(written.chain, default.chain).unwrap_or_default(),
        dns: part(written.dns, default.dns).unwrap_or_default(),
        uri: part(written.uri, default.uri).unwrap_or_default(),
        ..Default::default()
    }
}

pub(super) fn preserve_case() -> Http1ProtocolOptions {
    let formatter = TypedExtensionConfig::new("preserve_case", PreserveCaseFormatterConfig::default());
    let header_key_format = Some(HeaderKeyFormat { stateful_formatter: Some(formatter), ..Default::default() });
    Http1ProtocolOptions { header_key_format, ..Default::default() }
}

/// `pathNormalization` of the mesh.
struct Paths {
    normalize: bool,
    merge_slashes: bool,
    escaped_slashes: PathWithEscapedSlashesAction,
}

impl Paths {
    fn of(context: &Context<'_, '_>) -> Self {
        let config = context.push.mesh.settings.config.as_ref();
        let mode = config.and_then(|config| config.path_normalization.as_ref()?.normalization);
        let mode = mode.map_or("DEFAULT", |mode| mode.value);
        let decode = mode == "DECODE_AND_MERGE_SLASHES";
        Self {
            normalize: mode != "NONE",
            merge_slashes: decode || mode == "MERGE_SLASHES",
            escaped_slashes: match decode {
                true => PathWithEscapedSlashesAction::UnescapeAndForward,
                false => PathWithEscapedSlashesAction::KeepUnchanged,
            },
        }
    }
}

fn http_filters(context: &Context<'_, '_>, manager: &Manager) -> Vec<HttpFilter> {
    let mut filters = vec![metadata_exchange(manager.place)];
    filters.extend(manager.security.iter().cloned());
    if manager.grpc_web {
        filters.push(HttpFilter::new("envoy.filters.http.grpc_web", GrpcWeb::default()));
    }
    let stats = GrpcStats { emit_filter_state: true, stats_for_all_methods: Some(false), ..Default::default() };
    filters.push(HttpFilter::new("envoy.filters.http.grpc_stats", stats));
    if manager.place != Place::SidecarInbound {
        filters.push(alpn());
    }
    filters.push(HttpFilter::new("envoy.filters.http.fault", HttpFault::default()));
    filters.push(HttpFilter::new("envoy.filters.http.cors", Cors::default()));
    if let Some(forward_proxy) = &manager.dynamic_forward_proxy {
        filters.push(HttpFilter::new("envoy.filters.http.dynamic_forward_proxy", forward_proxy.clone()));
    }
    let suppress_envoy_headers = !context.proxy.settings.headers.envoy_debug_headers;
    filters.push(HttpFilter::new("envoy.filters.http.router", Router { suppress_envoy_headers, ..Default::default() }));
    filters
}

fn metadata_exchange(place: Place) -> HttpFilter {
    let side = if place == Place::SidecarInbound { "downstream" } else { "upstream" };
    let headers = json!({"istio_headers": {}});
    let value = json!({
        format!("{side}_discovery"): [headers, {"workload_discovery": {}}],
        format!("{side}_propagation"): [headers],
    });
    HttpFilter::new("istio.metadata_exchange", typed_struct("io.istio.http.peer_metadata.Config", value))
}

/// What TCP connections tell each other, in the form that only Istio's Envoy knows.
pub(super) fn typed_struct(name: &str, value: Value) -> TypedStruct {
    let value = match value {
        Value::Object(object) => Some(object),
        _ => None,
    };
    TypedStruct { type_url: format!("type.googleapis.com/{name}"), value, ..Default::default() }
}

fn alpn() -> HttpFilter {
    let protocol = |upstream_protocol, names: [&str; 3]| AlpnOverride {
        upstream_protocol,
        alpn_override: names.map(str::to_owned).to_vec(),
        ..Default::default()
    };
    let alpn_override = vec![
        protocol(AlpnProtocol::Http10, ["istio-http/1.0", "istio", "http/1.0"]),
        protocol(AlpnProtocol::Http11, ["istio-http/1.1", "istio", "http/1.1"]),
        protocol(AlpnProtocol::Http2, ["istio-h2", "istio", "h2"]),
    ];
    HttpFilter::new("istio.alpn", Alpn { alpn_override, ..Default::default() })
}

fn tracing(context: &Context<'_, '_>) -> Option<Tracing> {
    let config = context.push.mesh.settings.config.as_ref();
    if config.and_then(|config| config.enable_tracing).is_some_and(|on| !on.value) {
        return None;
    }
    let mut custom_tags = Vec::new();
    for action in ["allow", "deny"] {
        for (part, id) in [("name", "effective_policy_id"), ("result", "engine_result")] {
            let tag = format!("istio.authorization.dry_run.{action}_policy.{part}");
            custom_tags.push(rbac_tag(tag, format!("istio_dry_run_{action}_shadow_{id}")));
        }
    }
    let proxy = context.proxy;
    let label = |keys: [&str; 3]| keys.iter().find_map(|key| proxy.labels.text(key));
    let name = label(["service.istio.io/canonical-name", "app.kubernetes.io/name", "app"]).unwrap_or(proxy.name);
    let revision = label(["service.istio.io/canonical-revision", "app.kubernetes.io/version", "version"]);
    let literals = [
        ("istio.canonical_revision", revision.unwrap_or("latest")),
        ("istio.canonical_service", name),
        ("istio.cluster_id", push::CLUSTER_ID),
        ("istio.mesh_id", context.push.mesh.settings.trust_domain),
        ("istio.namespace", proxy.namespace),
    ];
    custom_tags.extend(literals.map(|(tag, value)| {
        let literal = LiteralTag { value: value.to_owned(), ..Default::default() };
        CustomTag { tag: tag.to_owned(), kind: Some(CustomTagKind::Literal(literal)), ..Default::default() }
    }));
    Some(Tracing {
        client_sampling: Some(Percent::new(100.0)),
        random_sampling: Some(Percent::new(1.0)),
        overall_sampling: Some(Percent::new(100.0)),
        custom_tags,
        ..Default::default()
    })
}

/// Tells what policies that are only tried out would have decided.
fn rbac_tag(tag: String, key: String) -> CustomTag {
    let segment = MetadataKeySegment { key: Some(key), ..Default::default() };
    let metadata_key =
        MetadataKey { key: "envoy.filters.http.rbac".to_owned(), path: vec![segment], ..Default::default() };
    let metadata = MetadataTag {
        kind: Some(MetadataKind::Request(RequestMetadata::default())),
        metadata_key: Some(metadata_key),
        ..Default::default()
    };
    CustomTag { tag, kind: Some(CustomTagKind::Metadata(metadata)), ..Default::default() }
}
