//! One question whether a host is well (Envoy 1.40 `source/extensions/health_checkers/`).

use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_TYPE, HOST, TE, USER_AGENT};
use http::{HeaderName, HeaderValue, Method, Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::envoy::health_check::{
    CodecClientType, GrpcHealthCheck, HealthChecker, HttpHealthCheck, Payload, PayloadKind, TcpHealthCheck,
};
use crate::proxy::upstream::cluster::UpstreamCluster;
use crate::proxy::upstream::connect::{Dial, establish};
use crate::proxy::upstream::form::in_form_of;
use crate::proxy::upstream::host::Host;
use crate::proxy::upstream::pool::Kind;
use crate::proxy::upstream::stream::Stream;
use crate::proxy::{Body, grpc};

use super::Health;

pub async fn ask(checker: &HealthChecker, cluster: &UpstreamCluster, host: &Host) -> Health {
    let answer = match checker {
        HealthChecker::HttpHealthCheck(check) => over_http(check, cluster, host).await,
        HealthChecker::TcpHealthCheck(check) => over_tcp(check, cluster, host).await,
        HealthChecker::GrpcHealthCheck(check) => over_grpc(check, cluster, host).await,
    };
    answer.unwrap_or(Health::Unreachable)
}

/// `None` if the host cannot be reached.
async fn over_http(check: &HttpHealthCheck, cluster: &UpstreamCluster, host: &Host) -> Option<Health> {
    let authority = if check.host.is_empty() { &cluster.config.name } else { &check.host };
    let mut request = Request::get(check.path.as_str()).body(Body::Empty).ok()?;
    let headers = request.headers_mut();
    headers.insert(HOST, HeaderValue::from_str(authority).ok()?);
    headers.insert(USER_AGENT, HeaderValue::from_static("Envoy/HC"));
    for header in check.request_headers_to_add.iter().filter_map(|own| own.header.as_ref()) {
        headers.append(HeaderName::try_from(&header.key).ok()?, HeaderValue::from_str(&header.value).ok()?);
    }
    for name in &check.request_headers_to_remove {
        headers.remove(name);
    }
    let kind = if check.codec_client_type == CodecClientType::Http2 { Kind::Http2 } else { Kind::Http1 };
    let response = send(request, kind, cluster, host).await?;
    let status = i64::from(response.status().as_u16());
    // All of it must come.
    response.into_body().collect().await.ok()?;
    let is_expected = match check.expected_statuses.as_slice() {
        [] => status == 200,
        ranges => ranges.iter().any(|range| (range.start..range.end).contains(&status)),
    };
    Some(if is_expected { Health::Well } else { Health::Ill })
}

async fn send(
    mut request: Request<Body>,
    kind: Kind,
    cluster: &UpstreamCluster,
    host: &Host,
) -> Option<Response<Incoming>> {
    let stream = connect(Some(kind), cluster, host).await?;
    in_form_of(&mut request, kind == Kind::Http2, host.transport.is_secure());
    let io = TokioIo::new(stream);
    if kind == Kind::Http2 {
        let (mut sender, connection) = http2::handshake(TokioExecutor::new(), io).await.ok()?;
        tokio::spawn(connection);
        return sender.send_request(request).await.ok();
    }
    let (mut sender, connection) = http1::handshake(io).await.ok()?;
    tokio::spawn(connection);
    sender.send_request(request).await.ok()
}

async fn connect(kind: Option<Kind>, cluster: &UpstreamCluster, host: &Host) -> Option<Stream> {
    establish(&cluster.shared, host, Dial { kind, ..Dial::default() }).await.ok()
}

/// Without anything to receive, a connection is enough.
async fn over_tcp(check: &TcpHealthCheck, cluster: &UpstreamCluster, host: &Host) -> Option<Health> {
    let mut stream = connect(None, cluster, host).await?;
    if let Some(sent) = check.send.as_ref().and_then(bytes) {
        stream.write_all(&sent).await.ok()?;
    }
    let mut received = BytesMut::new();
    while !has_all(&received, &check.receive) {
        if stream.read_buf(&mut received).await.ok()? == 0 {
            return None;
        }
    }
    Some(Health::Well)
}

/// Whether all texts are in it, one after another.
fn has_all(mut received: &[u8], wanted: &[Payload]) -> bool {
    wanted.iter().filter_map(bytes).filter(|wanted| !wanted.is_empty()).all(|wanted| {
        let Some(at) = memchr::memmem::find(received, &wanted) else { return false };
        received = &received[at + wanted.len()..];
        true
    })
}

/// Texts are in hexadecimal.
fn bytes(payload: &Payload) -> Option<Vec<u8>> {
    match payload.payload.as_ref()? {
        PayloadKind::Binary(bytes) => Some(bytes.0.clone()),
        PayloadKind::Text(text) => {
            let pair = |at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
            (0..text.len()).step_by(2).map(pair).collect()
        }
    }
}

const PATH: &str = "/grpc.health.v1.Health/Check";

/// `SERVING` in `grpc.health.v1.HealthCheckResponse`.
const SERVING: &[u8] = &[0x08, 1];

async fn over_grpc(check: &GrpcHealthCheck, cluster: &UpstreamCluster, host: &Host) -> Option<Health> {
    let authority = if check.authority.is_empty() { &cluster.config.name } else { &check.authority };
    // The name of the service is field 1.
    let name = check.service_name.as_bytes();
    let mut message = Vec::new();
    if !name.is_empty() {
        message.extend([0x0a, u8::try_from(name.len()).ok()?]);
        message.extend(name);
    }
    let framed = [&[0], &u32::try_from(message.len()).ok()?.to_be_bytes()[..], &message].concat();
    let mut request = Request::new(Body::from(Bytes::from(framed)));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = PATH.parse().ok()?;
    let headers = request.headers_mut();
    headers.insert(HOST, HeaderValue::from_str(authority).ok()?);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(grpc::CONTENT_TYPE));
    headers.insert(TE, HeaderValue::from_static("trailers"));
    headers.insert(USER_AGENT, HeaderValue::from_static("Envoy/HC"));
    let response = send(request, Kind::Http2, cluster, host).await?;
    let is_answer = response.status() == 200;
    let body = response.into_body().collect().await.ok()?;
    let is_ok = body.trailers().is_none_or(|trailers| trailers.get(grpc::STATUS).is_none_or(|status| status == "0"));
    let is_serving = body.to_bytes().get(5..) == Some(SERVING);
    Some(if is_answer && is_ok && is_serving { Health::Well } else { Health::Ill })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::has_all;
    use crate::envoy::Json;
    use crate::envoy::health_check::Payload;

    #[test]
    fn answers_have_all_texts_in_order() {
        let wanted = ["68656c6c6f", "21"].map(|text| Payload::read(&json!({"text": text})).unwrap());
        for (received, expected) in [("hello!", true), ("oh, hello you!", true), ("!hello", false), ("hell", false)] {
            assert_eq!(has_all(received.as_bytes(), &wanted), expected, "{received}");
        }
        assert!(has_all(b"", &[]));
    }
}
