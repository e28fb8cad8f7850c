//! ProxyConfig as far as it shows in what is pushed: the mesh's `defaultConfig`, and over it the pod's annotation.

use std::time::Duration;

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
    pub stream_idle_timeout: Option<Duration>,
    pub request_timeout: Option<Duration>,
    pub request_headers_timeout: Option<Duration>,
    pub max_concurrent_streams: Option<u32>,
    pub initial_stream_window: Option<u32>,
    pub initial_connection_window: Option<u32>,
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
        self.buffer_limit = number(node, "listenerPerConnectionBufferLimitBytes").or(self.buffer_limit);
        self.idle_timeout = duration(node, "httpIdleTimeout").or(self.idle_timeout);
        self.stream_idle_timeout = duration(node, "httpStreamIdleTimeout").or(self.stream_idle_timeout);
        self.request_timeout = duration(node, "httpRequestTimeout").or(self.request_timeout);
        self.request_headers_timeout = duration(node, "httpRequestHeadersTimeout").or(self.request_headers_timeout);
        self.max_concurrent_streams = number(node, "httpMaxConcurrentStreams").or(self.max_concurrent_streams);
        self.initial_stream_window = number(node, "http2InitialStreamWindowSize").or(self.initial_stream_window);
        self.initial_connection_window =
            number(node, "http2InitialConnectionWindowSize").or(self.initial_connection_window);
    }
}
