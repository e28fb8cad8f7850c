//! What the configuration of a cluster says about connections, read once.

use std::net::IpAddr;
use std::time::Duration;

use http::Request;
use http::header::HOST;
use http::uri::Authority;

use crate::envoy::cluster::Cluster;
use crate::envoy::core::TcpKeepalive;
use crate::envoy::protocol::{
    ExplicitHttpConfig, Http1ProtocolOptions, Http2ProtocolOptions, HttpProtocolOptions, MOST_HEADERS,
    UpstreamHttpProtocolOptions, UpstreamProtocol,
};
use crate::envoy::{Any, Json};

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Settings {
    pub name: String,
    pub connect_timeout: Duration,
    pub protocol: Protocol,
    /// After which a connection without requests is closed.
    pub idle_timeout: Option<Duration>,
    pub max_connection_duration: Option<Duration>,
    pub max_requests_per_connection: Option<u32>,
    /// Of HTTP/1.
    pub max_response_headers: usize,
    pub http1: Http1ProtocolOptions,
    pub http2: Http2ProtocolOptions,
    pub keepalive: Option<TcpKeepalive>,
    /// From which address connections are made.
    pub source: Option<IpAddr>,
    pub sni: Sni,
}

/// In which version of HTTP requests are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    Http1,
    Http2,
    /// That of the client.
    Downstream,
    /// What the upstream chooses by ALPN.
    Negotiated,
}

/// Which name a TLS handshake asks for, if the context does not say it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sni {
    pub from_authority: bool,
    /// A header that is used in place of the authority.
    pub header: String,
    /// The certificate must be for that name.
    pub verified: bool,
}

impl Settings {
    pub fn new(cluster: &Cluster) -> Self {
        let options = cluster.typed_extension_protocol_options.values().find_map(|options| match options {
            Any::HttpProtocolOptions(options) => Some(options.as_ref()),
            _ => None,
        });
        let old = Deprecated::new(cluster);
        let common = options.and_then(|options| options.common_http_protocol_options.clone());
        let common = common.or(old.common).unwrap_or_default();
        let (protocol, http1, http2) = match (options, old.http2) {
            (None, Some(http2)) => (Protocol::Http2, None, Some(http2)),
            (None, None) => (Protocol::Http1, old.http1, None),
            (Some(options), _) => protocol(options.upstream_protocol.as_ref()),
        };
        let connection = cluster.upstream_connection_options.as_ref();
        Self {
            name: cluster.name.clone(),
            connect_timeout: cluster.connect_timeout.unwrap_or(Duration::from_secs(5)),
            protocol,
            idle_timeout: Some(common.idle_timeout.unwrap_or(HOUR)).filter(|timeout| !timeout.is_zero()),
            max_connection_duration: common.max_connection_duration.filter(|duration| !duration.is_zero()),
            max_requests_per_connection: common
                .max_requests_per_connection
                .or(old.max_requests_per_connection)
                .filter(|max| *max > 0),
            max_response_headers: common.max_headers_count.unwrap_or(MOST_HEADERS) as usize,
            http1: http1.unwrap_or_default(),
            http2: http2.unwrap_or_default(),
            keepalive: connection.and_then(|options| options.tcp_keepalive.clone()),
            source: source(cluster),
            sni: sni(options
                .and_then(|options| options.upstream_http_protocol_options.as_ref())
                .or(old.upstream.as_ref())),
        }
    }
}

impl Settings {
    /// How many streams a connection has at most at once.
    pub fn max_streams(&self) -> usize {
        self.http2.max_concurrent_streams.map_or(usize::MAX, |max| max as usize)
    }

    /// After which time a connection may be too old, or idle for too long.
    pub fn shortest_life(&self) -> Option<Duration> {
        self.idle_timeout.into_iter().chain(self.max_connection_duration).min()
    }
}

impl Sni {
    /// The name that a request wants the certificate of.
    pub fn of<'r, B>(&self, request: &'r Request<B>) -> Option<&'r str> {
        if !self.from_authority {
            return None;
        }
        let own = (!self.header.is_empty()).then(|| request.headers().get(&self.header)).flatten();
        let host = own.or_else(|| request.headers().get(HOST)).and_then(|value| value.to_str().ok());
        let authority = host.or_else(|| request.uri().authority().map(|authority| authority.as_str()))?;
        let name = authority.parse::<Authority>().is_ok().then_some(authority)?;
        Some(
            name.rsplit_once(':')
                .filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()))
                .map_or(name, |(name, _)| name),
        )
    }
}

/// Envoy's default idle time of connections to upstreams (`source/extensions/upstreams/http/config.cc`).
const HOUR: Duration = Duration::from_secs(3600);

type Protocols = (Protocol, Option<Http1ProtocolOptions>, Option<Http2ProtocolOptions>);

fn protocol(configured: Option<&UpstreamProtocol>) -> Protocols {
    match configured {
        Some(UpstreamProtocol::ExplicitHttpConfig(ExplicitHttpConfig::Http2ProtocolOptions(http2))) => {
            (Protocol::Http2, None, Some(http2.clone()))
        }
        Some(UpstreamProtocol::ExplicitHttpConfig(ExplicitHttpConfig::HttpProtocolOptions(http1))) => {
            (Protocol::Http1, Some(http1.clone()), None)
        }
        Some(UpstreamProtocol::UseDownstreamProtocolConfig(config)) => {
            (Protocol::Downstream, config.http_protocol_options.clone(), config.http2_protocol_options.clone())
        }
        Some(UpstreamProtocol::AutoConfig(config)) => {
            (Protocol::Negotiated, config.http_protocol_options.clone(), config.http2_protocol_options.clone())
        }
        Some(UpstreamProtocol::ExplicitHttpConfig(_)) | None => (Protocol::Http1, None, None),
    }
}

/// 0.0.0.0 leaves the choice to the operating system.
fn source(cluster: &Cluster) -> Option<IpAddr> {
    let address = cluster.upstream_bind_config.as_ref()?.source_address.as_ref()?;
    address.address.parse().ok().filter(|address: &IpAddr| !address.is_unspecified())
}

fn sni(options: Option<&UpstreamHttpProtocolOptions>) -> Sni {
    let Some(options) = options else { return Sni::default() };
    Sni {
        from_authority: options.auto_sni,
        header: options.override_auto_sni_header.to_ascii_lowercase(),
        verified: options.auto_san_validation,
    }
}

/// Fields of clusters that Envoy reads although there are newer ones.
#[derive(Default)]
struct Deprecated {
    common: Option<HttpProtocolOptions>,
    http1: Option<Http1ProtocolOptions>,
    http2: Option<Http2ProtocolOptions>,
    upstream: Option<UpstreamHttpProtocolOptions>,
    max_requests_per_connection: Option<u32>,
}

impl Deprecated {
    fn new(cluster: &Cluster) -> Self {
        fn read<T: Json>(cluster: &Cluster, name: &str) -> Option<T> {
            cluster.untyped.get(name).and_then(|value| T::read(value).ok())
        }
        Self {
            common: read(cluster, "common_http_protocol_options"),
            http1: read(cluster, "http_protocol_options"),
            http2: read(cluster, "http2_protocol_options"),
            upstream: read(cluster, "upstream_http_protocol_options"),
            max_requests_per_connection: read(cluster, "max_requests_per_connection"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::Request;
    use serde_json::{Value, json};

    use super::{Protocol, Settings, Sni};
    use crate::envoy::Json;
    use crate::envoy::cluster::Cluster;

    fn settings(fields: Value) -> Settings {
        Settings::new(&Cluster::read(&fields).unwrap())
    }

    #[test]
    fn protocols_are_read_from_old_fields_and_new() {
        let options = |own: Value| {
            let name = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
            let mut own = own;
            own["@type"] = format!("type.googleapis.com/{name}").into();
            json!({"name": "a", "typedExtensionProtocolOptions": {name: own}})
        };
        let table = [
            (json!({"name": "a"}), Protocol::Http1),
            (json!({"name": "a", "http2ProtocolOptions": {}}), Protocol::Http2),
            (options(json!({"explicitHttpConfig": {"http2ProtocolOptions": {}}})), Protocol::Http2),
            (options(json!({"explicitHttpConfig": {"httpProtocolOptions": {}}})), Protocol::Http1),
            (options(json!({"useDownstreamProtocolConfig": {}})), Protocol::Downstream),
            (options(json!({"autoConfig": {}})), Protocol::Negotiated),
        ];
        for (fields, protocol) in table {
            assert_eq!(settings(fields.clone()).protocol, protocol, "{fields}");
        }
        let old = settings(json!({"name": "a", "maxRequestsPerConnection": 7}));
        assert_eq!(old.max_requests_per_connection, Some(7));
        assert_eq!(old.idle_timeout, Some(Duration::from_secs(3600)));
        assert_eq!(old.connect_timeout, Duration::from_secs(5));
    }

    #[test]
    fn a_name_for_tls_has_no_port() {
        let sni = Sni { from_authority: true, header: "x-host".to_owned(), verified: false };
        let request = |name: &str, value: &str| Request::get("/").header(name, value).body(()).unwrap();
        assert_eq!(sni.of(&request("host", "web.example.com:443")), Some("web.example.com"));
        assert_eq!(sni.of(&request("x-host", "other.example.com")), Some("other.example.com"));
        assert_eq!(Sni::default().of(&request("host", "web")), None);
    }
}
