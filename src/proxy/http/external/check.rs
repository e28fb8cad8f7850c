//! The messages of `envoy.service.auth.v3`, as far as they are said here.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::proxy::http::reply::Reply;
use crate::proxy::record::Client;
use crate::trace::{Request, TextTest, Version};

use super::{Allowed, Verdict};

/// The numbers of the fields are those of `attribute_context.proto`, `external_auth.proto` and `base.proto`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct CheckRequest {
    #[prost(message, optional, tag = "1")]
    attributes: Option<Attributes>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Attributes {
    #[prost(message, optional, tag = "1")]
    source: Option<Peer>,
    #[prost(message, optional, tag = "2")]
    destination: Option<Peer>,
    #[prost(message, optional, tag = "4")]
    request: Option<RequestAttributes>,
    #[prost(message, optional, tag = "12")]
    tls_session: Option<TlsSession>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Peer {
    #[prost(message, optional, tag = "1")]
    address: Option<Address>,
    #[prost(string, tag = "4")]
    principal: String,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Address {
    #[prost(message, optional, tag = "1")]
    socket_address: Option<SocketAddress>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct SocketAddress {
    #[prost(string, tag = "2")]
    address: String,
    #[prost(uint32, tag = "3")]
    port_value: u32,
}

#[derive(Clone, PartialEq, prost::Message)]
struct RequestAttributes {
    #[prost(message, optional, tag = "1")]
    time: Option<Timestamp>,
    #[prost(message, optional, tag = "2")]
    http: Option<HttpRequest>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Timestamp {
    #[prost(int64, tag = "1")]
    seconds: i64,
    #[prost(int32, tag = "2")]
    nanos: i32,
}

#[derive(Clone, PartialEq, prost::Message)]
struct HttpRequest {
    #[prost(string, tag = "1")]
    id: String,
    #[prost(string, tag = "2")]
    method: String,
    #[prost(map = "string, string", tag = "3")]
    headers: HashMap<String, String>,
    #[prost(string, tag = "4")]
    path: String,
    #[prost(string, tag = "5")]
    host: String,
    #[prost(string, tag = "6")]
    scheme: String,
    #[prost(int64, tag = "9")]
    size: i64,
    #[prost(string, tag = "10")]
    protocol: String,
    #[prost(string, tag = "11")]
    body: String,
}

#[derive(Clone, PartialEq, prost::Message)]
struct TlsSession {
    #[prost(string, tag = "1")]
    sni: String,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct CheckResponse {
    #[prost(message, optional, tag = "1")]
    status: Option<RpcStatus>,
    #[prost(message, optional, tag = "2")]
    denied: Option<Denied>,
    #[prost(message, optional, tag = "3")]
    ok: Option<Ok>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct RpcStatus {
    #[prost(int32, tag = "1")]
    code: i32,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Denied {
    #[prost(message, optional, tag = "1")]
    status: Option<HttpStatus>,
    #[prost(message, repeated, tag = "2")]
    headers: Vec<HeaderOption>,
    #[prost(string, tag = "3")]
    body: String,
}

#[derive(Clone, PartialEq, prost::Message)]
struct HttpStatus {
    #[prost(int32, tag = "1")]
    code: i32,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Ok {
    #[prost(message, repeated, tag = "2")]
    headers: Vec<HeaderOption>,
    #[prost(string, repeated, tag = "5")]
    headers_to_remove: Vec<String>,
    #[prost(message, repeated, tag = "6")]
    response_headers_to_add: Vec<HeaderOption>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct HeaderOption {
    #[prost(message, optional, tag = "1")]
    header: Option<Header>,
    #[prost(message, optional, tag = "2")]
    append: Option<BoolValue>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Header {
    #[prost(string, tag = "1")]
    key: String,
    #[prost(string, tag = "2")]
    value: String,
    #[prost(bytes = "vec", tag = "3")]
    raw_value: Vec<u8>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct BoolValue {
    #[prost(bool, tag = "1")]
    value: bool,
}

/// The question about a request.
pub fn request(
    request: &Request,
    client: &Client,
    content: Bytes,
    identity: Option<&str>,
    told: Option<&[TextTest]>,
) -> CheckRequest {
    let is_told = |name: &str| told.is_none_or(|tests| tests.iter().any(|test| test.matches(name)));
    let mut headers: HashMap<String, String> = HashMap::new();
    let pseudo = [
        (":authority", &request.authority),
        (":method", &request.method),
        (":path", &request.path),
        (":scheme", &request.scheme),
    ];
    let pseudo = pseudo.into_iter().map(|(name, value)| (name, value.as_str()));
    for (name, value) in pseudo.chain(request.headers.iter()).filter(|(name, _)| is_told(name)) {
        let whole = headers.entry(name.to_owned()).or_default();
        if !whole.is_empty() {
            whole.push(',');
        }
        whole.push_str(value);
    }
    let size = request.headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(-1);
    let http = HttpRequest {
        id: request.headers.get("x-request-id").unwrap_or_default().to_owned(),
        method: request.method.clone(),
        headers,
        path: request.path.clone(),
        host: request.authority.clone(),
        scheme: request.scheme.clone(),
        size,
        protocol: if request.version == Version::Http2 { "HTTP/2" } else { "HTTP/1.1" }.to_owned(),
        body: String::from_utf8_lossy(&content).into_owned(),
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let time = Timestamp { seconds: now.as_secs() as i64, nanos: now.subsec_nanos() as i32 };
    let mut question = connection(client, identity);
    if let Some(attributes) = &mut question.attributes {
        attributes.request = Some(RequestAttributes { time: Some(time), http: Some(http) });
    }
    question
}

/// The question about a connection.
pub fn connection(client: &Client, identity: Option<&str>) -> CheckRequest {
    let own = client.tls.as_ref().and_then(|tls| tls.own.as_ref()?.uris().next());
    let peer = |address: SocketAddr, principal: Option<&str>| Peer {
        address: Some(Address {
            socket_address: Some(SocketAddress {
                address: address.ip().to_string(),
                port_value: address.port().into(),
            }),
        }),
        principal: principal.unwrap_or_default().to_owned(),
    };
    let attributes = Attributes {
        source: Some(peer(client.peer, identity)),
        destination: Some(peer(client.local, own)),
        request: None,
        tls_session: client.server_name.as_ref().map(|sni| TlsSession { sni: sni.clone() }),
    };
    CheckRequest { attributes: Some(attributes) }
}

pub(super) fn verdict(response: CheckResponse) -> Verdict {
    if response.status.unwrap_or_default().code == 0 {
        let ok = response.ok.unwrap_or_default();
        let mut allowed = Allowed { remove: ok.headers_to_remove, ..Allowed::default() };
        for option in ok.headers {
            let appends = option.append.as_ref().is_some_and(|append| append.value);
            let Some((name, value)) = option.pair() else { continue };
            if appends { &mut allowed.append } else { &mut allowed.set }.push((name, value));
        }
        allowed.response = map(ok.response_headers_to_add);
        return Verdict::Allowed(allowed);
    }
    let denied = response.denied.unwrap_or_default();
    let status = denied.status.and_then(|status| u16::try_from(status.code).ok()).filter(|code| *code > 0);
    let mut reply = Reply::new(status.unwrap_or(403), denied.body, "ext_authz_denied");
    *reply.headers = map(denied.headers);
    Verdict::Denied(reply)
}

impl HeaderOption {
    fn pair(self) -> Option<(String, String)> {
        let Header { key, value, raw_value } = self.header?;
        let value = if value.is_empty() { String::from_utf8_lossy(&raw_value).into_owned() } else { value };
        Some((key, value))
    }
}

fn map(options: Vec<HeaderOption>) -> HeaderMap {
    let mut map = HeaderMap::new();
    for option in options {
        let appends = option.append.as_ref().is_some_and(|append| append.value);
        let Some((name, value)) = option.pair() else { continue };
        if !appends {
            map.remove(name.as_str());
        }
        if let (Result::Ok(name), Result::Ok(value)) =
            (HeaderName::from_bytes(name.as_bytes()), HeaderValue::try_from(value))
        {
            map.append(name, value);
        }
    }
    map
}

#[cfg(test)]
mod tests {
    use super::{CheckResponse, Denied, Header, HeaderOption, HttpStatus, Ok, RpcStatus, Verdict, verdict};

    fn header(key: &str, value: &str) -> HeaderOption {
        let header = Header { key: key.to_owned(), value: value.to_owned(), raw_value: Vec::new() };
        HeaderOption { header: Some(header), append: None }
    }

    #[test]
    fn services_allow_with_changes_and_deny_with_reasons() {
        let ok = Ok { headers: vec![header("x-user", "a")], headers_to_remove: vec!["x".to_owned()], ..Ok::default() };
        let Verdict::Allowed(allowed) = verdict(CheckResponse { ok: Some(ok), ..CheckResponse::default() }) else {
            panic!("denied")
        };
        assert_eq!(allowed.set, [("x-user".to_owned(), "a".to_owned())]);
        assert_eq!(allowed.remove, ["x"]);
        let denied = Denied { status: Some(HttpStatus { code: 401 }), body: "no".to_owned(), ..Denied::default() };
        let response = CheckResponse { status: Some(RpcStatus { code: 7 }), denied: Some(denied), ok: None };
        let Verdict::Denied(reply) = verdict(response) else { panic!("allowed") };
        assert_eq!((reply.status, reply.body.as_str()), (401, "no"));
    }
}
