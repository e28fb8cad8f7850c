//! ProxyConfig as far as it shows in what is pushed: the mesh's `defaultConfig`, and over it the pod's annotation.

use std::time::Duration;

use crate::envoy::http_connection_manager::PathWithEscapedSlashesAction;
use crate::envoy::protocol::HeadersWithUnderscoresAction;
use crate::model::Read;
use crate::model::mesh_config::DefaultProxyConfig;
use crate::source::SourceId;
use crate::yaml::{self, Node};

/// What ProxyConfig says about headers, connections and what stands before a gateway.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProxySettings {
    pub headers: ProxyHeaders,
    pub topology: GatewayTopology,
    /// The connection profile `EDGE`, which protects gateways that face the world.
    pub edge_profile: bool,
    pub connections: ConnectionSettings,
    /// `proxyMetadata` `ISTIO_META_IDLE_TIMEOUT`: of connections of `tcp_proxy` and HTTP alike.
    pub idle_timeout: Option<Duration>,
}

/// `proxyHeaders`.
#[derive(Clone, Debug, PartialEq)]
pub struct ProxyHeaders {
    pub attempt_count: bool,
    /// `None`: the header `server` is left as the upstream sent it.
    pub server: ServerHeader,
    pub request_id: bool,
    pub envoy_debug_headers: bool,
    /// An Envoy enum value: `SANITIZE`, `FORWARD_ONLY`, …
    pub forwarded_client_cert: Option<String>,
    pub set_current_client_cert_details: Option<ClientCertDetails>,
    pub preserve_http1_case: bool,
    pub forwarded_host: bool,
    pub forwarded_port: bool,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub enum ServerHeader {
    #[default]
    Default,
    Value(String),
    Disabled,
}

/// Which details of the client's certificate are passed on; `None` is not written.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ClientCertDetails {
    pub subject: Option<bool>,
    pub cert: Option<bool>,
    pub chain: Option<bool>,
    pub dns: Option<bool>,
    pub uri: Option<bool>,
}

/// `gatewayTopology`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GatewayTopology {
    pub trusted_proxies: u32,
    pub forward_client_cert_details: Option<String>,
    pub proxy_protocol: bool,
}

/// `connectionSettings`, new in Istio 1.31.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConnectionSettings {
    pub buffer_limit: Option<u32>,
    pub idle_timeout: Option<Duration>,
    pub max_connection_duration: Option<Duration>,
    pub max_stream_duration: Option<Duration>,
    pub stream_idle_timeout: Option<Duration>,
    pub request_timeout: Option<Duration>,
    pub request_headers_timeout: Option<Duration>,
    pub drain_timeout: Option<Duration>,
    pub max_concurrent_streams: Option<u32>,
    pub initial_stream_window: Option<u32>,
    pub initial_connection_window: Option<u32>,
    pub headers_with_underscores: Option<HeadersWithUnderscoresAction>,
    pub merge_slashes: Option<bool>,
    pub escaped_slashes: Option<PathWithEscapedSlashesAction>,
}

impl Default for ProxyHeaders {
    fn default() -> Self {
        Self {
            attempt_count: true,
            server: ServerHeader::Default,
            request_id: true,
            envoy_debug_headers: true,
            forwarded_client_cert: None,
            set_current_client_cert_details: None,
            preserve_http1_case: false,
            forwarded_host: false,
            forwarded_port: false,
        }
    }
}

impl ProxySettings {
    /// What is written in `config` replaces what was there.
    pub fn overlay(&mut self, config: &DefaultProxyConfig<'_>) {
        if let Some(headers) = config.proxy_headers {
            self.headers.overlay(headers);
        }
        if let Some(topology) = config.gateway_topology {
            self.topology.overlay(topology);
        }
        if let Some(text) = config.proxy_metadata.text("ISTIO_META_IDLE_TIMEOUT") {
            self.idle_timeout = crate::format::Duration::parse(text).ok().map(|duration| duration.to_std());
        }
        if let Some(connections) = config.node.get("connectionSettings") {
            self.edge_profile |= text(connections, "profile") == Some("EDGE");
            self.connections.overlay(connections);
        }
    }

    /// What is written about connections, and on gateways what the connection profile adds (istio 1.31
    /// `pilot/pkg/networking/core/connection_settings.go`, `applyEdgeProfileDefaults`).
    pub fn connections_of(&self, is_gateway: bool) -> ConnectionSettings {
        let written = self.connections.clone();
        if !(self.edge_profile && is_gateway) {
            return written;
        }
        let seconds = |count| Some(Duration::from_secs(count));
        let underscores = HeadersWithUnderscoresAction::RejectRequest;
        let escaped_slashes = PathWithEscapedSlashesAction::UnescapeAndRedirect;
        ConnectionSettings {
            buffer_limit: written.buffer_limit.or(Some(32_768)),
            idle_timeout: written.idle_timeout.or(seconds(3600)),
            stream_idle_timeout: written.stream_idle_timeout.or(seconds(300)),
            request_timeout: written.request_timeout.or(seconds(300)),
            request_headers_timeout: written.request_headers_timeout.or(seconds(60)),
            max_concurrent_streams: written.max_concurrent_streams.or(Some(100)),
            initial_stream_window: written.initial_stream_window.or(Some(65_536)),
            initial_connection_window: written.initial_connection_window.or(Some(1_048_576)),
            headers_with_underscores: written.headers_with_underscores.or(Some(underscores)),
            merge_slashes: written.merge_slashes.or(Some(true)),
            escaped_slashes: written.escaped_slashes.or(Some(escaped_slashes)),
            ..written
        }
    }

    /// The same for the text of the annotation `proxy.istio.io/config`.
    pub fn overlay_annotation(&mut self, annotation: &str) {
        let (tree, _) = yaml::parse(SourceId::default(), annotation);
        if let Some(config) = tree.roots().next().and_then(DefaultProxyConfig::read) {
            self.overlay(&config);
        }
    }
}

fn text<'a>(node: Node<'a>, key: &str) -> Option<&'a str> {
    node.get(key)?.as_str()
}

fn flag(node: Node<'_>, path: &[&str]) -> Option<bool> {
    match node.path(path)?.scalar()? {
        yaml::Scalar::Bool(on) => Some(on),
        _ => None,
    }
}

fn number(node: Node<'_>, key: &str) -> Option<u32> {
    match node.get(key)?.scalar()? {
        yaml::Scalar::Int(value) => value.try_into().ok(),
        _ => None,
    }
}

fn duration(node: Node<'_>, key: &str) -> Option<Duration> {
    crate::format::Duration::parse(text(node, key)?).ok().map(|duration| duration.to_std())
}

impl ProxyHeaders {
    fn overlay(&mut self, node: Node<'_>) {
        let enabled = |key: &str| flag(node, &[key, "disabled"]).map(|disabled| !disabled);
        self.attempt_count = enabled("attemptCount").unwrap_or(self.attempt_count);
        self.request_id = enabled("requestId").unwrap_or(self.request_id);
        self.envoy_debug_headers = enabled("envoyDebugHeaders").unwrap_or(self.envoy_debug_headers);
        match (flag(node, &["server", "disabled"]), node.path(&["server", "value"]).and_then(Node::as_str)) {
            (Some(true), _) => self.server = ServerHeader::Disabled,
            (_, Some(value)) => self.server = ServerHeader::Value(value.to_owned()),
            _ => {}
        }
        if let Some(mode) = text(node, "forwardedClientCert").filter(|mode| *mode != "UNDEFINED") {
            self.forwarded_client_cert = Some(mode.to_owned());
        }
        if let Some(details) = node.get("setCurrentClientCertDetails") {
            let part = |key: &str| flag(details, &[key]);
            self.set_current_client_cert_details = Some(ClientCertDetails {
                subject: part("subject"),
                cert: part("cert"),
                chain: part("chain"),
                dns: part("dns"),
                uri: part("uri"),
            });
        }
        self.preserve_http1_case = flag(node, &["preserveHttp1HeaderCase"]).unwrap_or(self.preserve_http1_case);
        self.forwarded_host = flag(node, &["xForwardedHost", "enabled"]).unwrap_or(self.forwarded_host);
        self.forwarded_port = flag(node, &["xForwardedPort", "enabled"]).unwrap_or(self.forwarded_port);
    }
}

impl GatewayTopology {
    fn overlay(&mut self, node: Node<'_>) {
        self.trusted_proxies = number(node, "numTrustedProxies").unwrap_or(self.trusted_proxies);
        if let Some(mode) = text(node, "forwardClientCertDetails").filter(|mode| *mode != "UNDEFINED") {
            self.forward_client_cert_details = Some(mode.to_owned());
        }
        self.proxy_protocol |= node.get("proxyProtocol").is_some();
    }
}

impl ConnectionSettings {
    fn overlay(&mut self, node: Node<'_>) {
        fn over<T>(old: &mut Option<T>, new: Option<T>) {
            if new.is_some() {
                *old = new;
            }
        }
        over(&mut self.buffer_limit, number(node, "listenerPerConnectionBufferLimitBytes"));
        over(&mut self.idle_timeout, duration(node, "httpIdleTimeout"));
        over(&mut self.max_connection_duration, duration(node, "httpMaxConnectionDuration"));
        over(&mut self.max_stream_duration, duration(node, "httpMaxStreamDuration"));
        over(&mut self.stream_idle_timeout, duration(node, "httpStreamIdleTimeout"));
        over(&mut self.request_timeout, duration(node, "httpRequestTimeout"));
        over(&mut self.request_headers_timeout, duration(node, "httpRequestHeadersTimeout"));
        over(&mut self.drain_timeout, duration(node, "httpDrainTimeout"));
        over(&mut self.max_concurrent_streams, number(node, "httpMaxConcurrentStreams"));
        over(&mut self.initial_stream_window, number(node, "http2InitialStreamWindowSize"));
        over(&mut self.initial_connection_window, number(node, "http2InitialConnectionWindowSize"));
        over(&mut self.headers_with_underscores, underscores(node));
        over(&mut self.merge_slashes, flag(node, &["httpMergeSlashes"]));
        over(&mut self.escaped_slashes, escaped_slashes(node));
    }
}

fn underscores(node: Node<'_>) -> Option<HeadersWithUnderscoresAction> {
    use HeadersWithUnderscoresAction::{Allow, DropHeader, RejectRequest};
    match text(node, "httpHeadersWithUnderscoresAction")? {
        "HEADERS_WITH_UNDERSCORES_ALLOW" => Some(Allow),
        "HEADERS_WITH_UNDERSCORES_REJECT_REQUEST" => Some(RejectRequest),
        "HEADERS_WITH_UNDERSCORES_DROP_HEADER" => Some(DropHeader),
        _ => None,
    }
}

fn escaped_slashes(node: Node<'_>) -> Option<PathWithEscapedSlashesAction> {
    use PathWithEscapedSlashesAction::{KeepUnchanged, RejectRequest, UnescapeAndForward, UnescapeAndRedirect};
    match text(node, "httpPathWithEscapedSlashesAction")? {
        "KEEP_UNCHANGED" => Some(KeepUnchanged),
        "REJECT_REQUEST" => Some(RejectRequest),
        "UNESCAPE_AND_REDIRECT" => Some(UnescapeAndRedirect),
        "UNESCAPE_AND_FORWARD" => Some(UnescapeAndForward),
        _ => None,
    }
}
