//! What a connection manager makes of a request before its filters see it (Envoy 1.40
//! `source/common/http/conn_manager_impl.cc`, `conn_manager_utility.cc`).

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::LazyLock;
use std::time::{SystemTime, UNIX_EPOCH};

use http::header::{CONNECTION, EXPECT, HOST, TE, TRANSFER_ENCODING, UPGRADE};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use hyper::ext::Protocol;

use crate::envoy::protocol::HeadersWithUnderscoresAction;
use crate::proxy::dice::Dice;
use crate::trace::{self, Http, Request, Version};

use super::certificate;
use super::manager::Manager;
use super::reply::Reply;
use super::request_id::random_uuid;
use super::session::Session;

/// What clients must not tell the proxy (`ConnectionManagerUtility::cleanInternalHeaders`).
static INTERNAL: [HeaderName; 12] = [
    HeaderName::from_static("x-envoy-retriable-status-codes"),
    HeaderName::from_static("x-envoy-retriable-header-names"),
    HeaderName::from_static("x-envoy-retry-on"),
    HeaderName::from_static("x-envoy-retry-grpc-on"),
    HeaderName::from_static("x-envoy-max-retries"),
    HeaderName::from_static("x-envoy-upstream-alt-stat-name"),
    HeaderName::from_static("x-envoy-upstream-rq-timeout-ms"),
    HeaderName::from_static("x-envoy-upstream-rq-per-try-timeout-ms"),
    HeaderName::from_static("x-envoy-upstream-rq-timeout-alt-response"),
    HeaderName::from_static("x-envoy-expected-rq-timeout-ms"),
    HeaderName::from_static("x-envoy-force-trace"),
    HeaderName::from_static("x-envoy-ip-tags"),
];

/// What clients from outside must not tell, either.
static EDGE: [HeaderName; 4] = [
    HeaderName::from_static("x-envoy-decorator-operation"),
    HeaderName::from_static("x-envoy-downstream-service-cluster"),
    HeaderName::from_static("x-envoy-downstream-service-node"),
    HeaderName::from_static("x-envoy-original-path"),
];

/// Where a connection goes is no matter of who sends on.
static HOP_BY_HOP: [HeaderName; 4] = [
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    HeaderName::from_static("x-envoy-internal"),
    TRANSFER_ENCODING,
];

/// The request in the head of a message, or the answer if it cannot be one.
pub fn request(parts: &mut Parts, manager: &Manager) -> Result<Request, Reply> {
    let headers = std::mem::take(&mut parts.headers);
    if parts.version < http::Version::HTTP_11 && !manager.accepts_http10 {
        return Err(Reply::new(426, "Upgrade Required", "low_version").flagged("DPE").plain().closing());
    }
    // As they stand in the message: with a colon, a space and the end of the line.
    let size: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    if headers.len() > manager.most_headers || size > manager.most_header_bytes {
        let text = "Request Header Fields Too Large";
        return Err(Reply::new(431, text, "http1.too_many_headers").flagged("DPE").plain().closing());
    }
    let version = if parts.version == http::Version::HTTP_2 { Version::Http2 } else { Version::Http1 };
    let is_connect = parts.method == Method::CONNECT;
    if parts.uri.scheme().is_none() && parts.uri.authority().is_some() && !is_connect {
        return Err(Reply::new(400, "Bad Request", "http1.codec_error").flagged("DPE").plain().closing());
    }
    let authority = authority(parts, &headers);
    let path = match parts.uri.path_and_query() {
        Some(path) => path.as_str(),
        None if is_connect => "",
        None => "/",
    };
    let mut request = Request {
        method: parts.method.as_str().to_owned(),
        scheme: String::new(),
        path: path.to_owned(),
        headers: headers.into(),
        version,
        claims: None,
        received: SystemTime::now().duration_since(UNIX_EPOCH).ok().map(|since| since.as_secs()),
        authority: authority.unwrap_or_default(),
    };
    request.headers.retain(|name, _| *name != HOST && *name != EXPECT);
    if request.authority.is_empty() {
        return Err(Reply::new(400, "", "missing_host_header").plain().closing());
    }
    if !request.path.starts_with('/') && !is_connect {
        return Err(Reply::new(404, "", "absolute_path_rejected").plain());
    }
    underscores(&mut request, manager)?;
    Ok(request)
}

fn authority(parts: &Parts, headers: &HeaderMap) -> Option<String> {
    if let Some(authority) = parts.uri.authority() {
        return Some(authority.as_str().to_owned());
    }
    let hosts: Vec<_> = headers.get_all(HOST).iter().map(|host| String::from_utf8_lossy(host.as_bytes())).collect();
    (!hosts.is_empty()).then(|| hosts.join(","))
}

fn underscores(request: &mut Request, manager: &Manager) -> Result<(), Reply> {
    let has = |name: &HeaderName| name.as_str().contains('_');
    match manager.underscores {
        HeadersWithUnderscoresAction::Allow => {}
        HeadersWithUnderscoresAction::DropHeader => request.headers.retain(|name, _| !has(name)),
        HeadersWithUnderscoresAction::RejectRequest => {
            let mut found = false;
            request.headers.retain(|name, _| {
                found |= has(name);
                true
            });
            if found {
                return Err(Reply::new(400, "Bad Request", "http1.unexpected_underscore").plain().closing());
            }
        }
    }
    Ok(())
}

/// Makes an extended CONNECT of HTTP/2 (RFC 8441) what it would be in HTTP/1.1 (`source/common/http/utility.cc`,
/// `transformUpgradeRequestFromH2toH1`).
pub fn as_upgrade(parts: &mut Parts, protocol: &Protocol) {
    parts.method = Method::GET;
    if let Ok(protocol) = HeaderValue::from_str(protocol.as_str()) {
        parts.headers.insert(UPGRADE, protocol);
        parts.headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    }
}

/// Whether a request wants another protocol. Those of HTTP/2 have these headers only from [`as_upgrade`].
pub fn is_upgrade(request: &Request) -> bool {
    request.headers.has(UPGRADE.as_str())
        && request
            .header(CONNECTION.as_str())
            .is_some_and(|value| value.split(',').any(|token| token.trim().eq_ignore_ascii_case("upgrade")))
}

/// Adds what upstreams are to know, and removes what they are not to believe. `remote` is the client, as far as proxies
/// before this one are trusted.
pub fn clean(
    request: &mut Request,
    http: &Http,
    manager: &Manager,
    session: &Session,
    remote: SocketAddr,
    dice: &Dice,
) {
    let is_upgrade = is_upgrade(request);
    remove_nominated(request);
    let trailers = request.header(TE.as_str()).is_some_and(|te| te.split(',').any(|part| part.trim() == "trailers"));
    request.headers.retain(|name, _| {
        // Few headers are Envoy's own, and each request has many.
        let is_envoys = name.as_str().starts_with("x-envoy-");
        let goes = (is_envoys && (INTERNAL.contains(name) || (http.is_edge && EDGE.contains(name))))
            || HOP_BY_HOP.contains(name)
            || *name == TE
            || (!is_upgrade && (*name == CONNECTION || *name == UPGRADE));
        !goes
    });
    if trailers {
        request.headers.put(TE, HeaderValue::from_static("trailers"));
    }
    forwarded(request, http, manager, session.client.peer.ip());
    let trusts = http.trusted_hops > 0 && request.headers.has("x-forwarded-port");
    if manager.config.append_x_forwarded_port && !trusts {
        request.headers.set("x-forwarded-port", session.client.local.port().to_string());
    }
    if http.is_edge {
        let external = HeaderName::from_static("x-envoy-external-address");
        if let Ok(value) = HeaderValue::try_from(remote.ip().to_string()) {
            request.headers.put(external, value);
        }
    }
    if manager.generates_ids {
        let has = request.headers.has("x-request-id");
        if !has || (http.is_edge && !manager.config.preserve_external_request_id) {
            request.headers.set("x-request-id", random_uuid(dice));
        }
    }
    if manager.config.add_user_agent == Some(true) {
        request.headers.set("x-envoy-downstream-service-cluster", manager.service_cluster.clone());
        if !request.headers.has("user-agent") {
            request.headers.set("user-agent", manager.service_cluster.clone());
        }
    }
    if !manager.config.via.is_empty() {
        append(request, "via", &manager.config.via);
    }
    certificate::forward(request, &manager.config, session.client.tls.as_ref());
}

/// Headers that the client says are for this connection only (`Utility::sanitizeConnectionHeader`). What proxies rely on
/// stays.
fn remove_nominated(request: &mut Request) {
    let Some(nominated) = request.header(CONNECTION.as_str()).map(|names| names.to_ascii_lowercase()) else { return };
    let own = ["close", "keep-alive", "upgrade", "te", "host", "http2-settings", "proxy-connection"];
    for name in nominated.split(',').map(str::trim).filter(|name| !own.contains(name)) {
        if !name.starts_with("x-forwarded") {
            request.headers.remove(name);
        }
    }
}

/// Envoy tells its own address in the place of a loopback address.
fn forwarded(request: &mut Request, http: &Http, manager: &Manager, source: IpAddr) {
    if http.is_edge && manager.config.skip_xff_append {
        if http.trusted_hops == 0 || !request.headers.has("x-forwarded-proto") {
            let scheme = request.scheme.clone();
            request.headers.set("x-forwarded-proto", scheme);
        }
        return;
    }
    trace::forwarded(http, request, if source.is_loopback() { *OWN_ADDRESS } else { source });
}

fn append(request: &mut Request, name: &str, value: &str) {
    let whole = request.header(name).map_or_else(|| value.to_owned(), |before| format!("{before}, {value}"));
    request.headers.set(name, whole);
}

pub fn own_address() -> IpAddr {
    *OWN_ADDRESS
}

/// The address that this machine has for others. Nothing is sent to find it.
static OWN_ADDRESS: LazyLock<IpAddr> = LazyLock::new(|| {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).and_then(|socket| {
        socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9))?;
        socket.local_addr()
    });
    socket.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |address| address.ip())
});
