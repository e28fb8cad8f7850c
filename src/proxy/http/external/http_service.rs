//! Services that are asked by HTTP (Envoy 1.40 `source/extensions/filters/common/ext_authz/ext_authz_http_impl.cc`).

use bytes::Bytes;
use http::{HeaderMap, HeaderName};

use crate::envoy::ext_authz::HttpService;
use crate::envoy::matcher::ListStringMatcher;
use crate::proxy::Body;
use crate::proxy::http::reply::Reply;
use crate::proxy::http::session::Session;
use crate::proxy::snapshot::Place;
use crate::trace::{Headers, Request, TextTest};

use super::{Allowed, TIMEOUT, Verdict, call};

/// What is always told, beside method, path and host.
const ALWAYS: [&str; 1] = ["authorization"];

/// What clients are always told of a denial.
const OF_DENIAL: [&str; 3] = ["www-authenticate", "location", "proxy-authenticate"];

pub async fn ask(
    service: &HttpService,
    told: Option<&[TextTest]>,
    request: &Request,
    content: Bytes,
    place: &Place,
    session: &Session,
) -> Verdict {
    let Some(uri) = &service.server_uri else { return Verdict::Failed };
    let mut headers: Headers = Headers::default();
    let is_told =
        |name: &str| ALWAYS.contains(&name) || told.is_some_and(|tests| tests.iter().any(|test| test.matches(name)));
    for (name, value) in request.headers.iter().filter(|(name, _)| is_told(name)) {
        if name != "content-length" {
            headers.add(name, value);
        }
    }
    headers.set("content-length", content.len().to_string());
    let to_add = service.authorization_request.iter().flat_map(|own| &own.headers_to_add);
    to_add.for_each(|header| headers.set(&header.key, header.value.clone()));
    let question =
        Request { path: format!("{}{}", service.path_prefix, request.path), headers, claims: None, ..request.clone() };
    let cluster = uri.cluster.as_deref().unwrap_or_default();
    let timeout = uri.timeout.unwrap_or(TIMEOUT);
    let runtime = session.shared.runtime.as_ref();
    let Some(response) = call(cluster, question, Body::from(content), timeout, place, runtime).await else {
        return Verdict::Failed;
    };
    let rules = service.authorization_response.clone().unwrap_or_default();
    let (parts, body) = response.into_parts();
    if parts.status.as_u16() == 200 {
        let upstream = chosen(&parts.headers, rules.allowed_upstream_headers.as_ref(), &[]);
        let set = upstream
            .iter()
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
        return Verdict::Allowed(Allowed {
            set: set.collect(),
            response: chosen(&parts.headers, rules.allowed_client_headers_on_success.as_ref(), &[]),
            ..Allowed::default()
        });
    }
    if parts.status.is_server_error() {
        return Verdict::Failed;
    }
    let body = String::from_utf8_lossy(&body.to_bytes()).into_owned();
    let mut reply = Reply::new(parts.status.as_u16(), body, "ext_authz_denied");
    *reply.headers = match &rules.allowed_client_headers {
        None => without_frame(parts.headers),
        rules => chosen(&parts.headers, rules.as_ref(), &OF_DENIAL),
    };
    Verdict::Denied(reply)
}

/// Those of the headers that a list names.
fn chosen(headers: &HeaderMap, list: Option<&ListStringMatcher>, always: &[&str]) -> HeaderMap {
    let tests: Vec<_> = list.iter().flat_map(|list| &list.patterns).map(TextTest::new).collect();
    let wanted =
        |name: &HeaderName| always.contains(&name.as_str()) || tests.iter().any(|test| test.matches(name.as_str()));
    let chosen = headers.iter().filter(|(name, _)| wanted(name));
    without_frame(chosen.map(|(name, value)| (name.clone(), value.clone())).collect())
}

/// What is about the service's own message does not fit the reply's.
fn without_frame(mut headers: HeaderMap) -> HeaderMap {
    for name in ["content-length", "transfer-encoding", "connection", "host"] {
        headers.remove(name);
    }
    headers
}
