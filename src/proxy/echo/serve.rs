//! Connections of an echo: TLS or not, then HTTP/1.1, HTTP/2 or any bytes.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::{Frame, Incoming};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use crate::proxy::tls::Certificate;
use crate::proxy::wire::Wire;
use crate::proxy::{Body, BodyError, grpc};

use super::Site;
use super::answer::{PeerTls, Received, render};
use super::behaviour::{Failure, due};
use super::sniff::{Spoken, sniff};
use super::websocket;

/// The first byte of a TLS handshake.
const HANDSHAKE: u8 = 0x16;

/// Who answers, for those who count answers: the workload, and its version if it has one.
pub const WORKLOAD_HEADER: HeaderName = HeaderName::from_static("echo-workload");
pub const VERSION_HEADER: HeaderName = HeaderName::from_static("echo-version");

pub(super) async fn connection(site: Arc<Site>, stream: TcpStream) -> io::Result<()> {
    // An answer in small parts must not wait for acknowledgements.
    stream.set_nodelay(true)?;
    let mut first = [0];
    match stream.peek(&mut first).await? {
        0 => Ok(()),
        _ if first == [HANDSHAKE] => {
            let stream = site.tls().accept(stream).await?;
            let tls = peer(&stream);
            talk(site, stream, Some(tls)).await
        }
        _ => talk(site, stream, None).await,
    }
}

fn peer(stream: &TlsStream<TcpStream>) -> PeerTls {
    let (_, session) = stream.get_ref();
    let certificate = session.peer_certificates().and_then(|chain| chain.first());
    PeerTls {
        server_name: session.server_name().map(str::to_owned),
        protocol: session.alpn_protocol().map(|protocol| String::from_utf8_lossy(protocol).into_owned()),
        peer: certificate.and_then(|der| Certificate::new(der)?.uris().next().map(str::to_owned)),
    }
}

async fn talk<S>(site: Arc<Site>, stream: S, tls: Option<PeerTls>) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let Some((spoken, mut stream)) = sniff(stream).await? else { return Ok(()) };
    if spoken == Spoken::Bytes {
        return site.echo_bytes(&mut stream).await;
    }
    let service = service_fn(move |request| {
        let (site, tls) = (Arc::clone(&site), tls.clone());
        async move { site.answer(request, tls.as_ref()).await }
    });
    let stream = TokioIo::new(stream);
    let served = match spoken {
        Spoken::Http2 => {
            let mut server = http2::Builder::new(TokioExecutor::new());
            server.enable_connect_protocol();
            server.serve_connection(stream, service).await
        }
        Spoken::Http1 | Spoken::Bytes => http1::Builder::new().serve_connection(stream, service).with_upgrades().await,
    };
    served.map_err(io::Error::other)
}

/// The service gives no answer: hyper closes the connection, or resets the stream.
#[derive(Debug)]
pub(super) struct Reset;

impl std::fmt::Display for Reset {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("reset on demand")
    }
}

impl std::error::Error for Reset {}

impl Site {
    /// What is asked of this workload, now: it waits, and then fails or not.
    async fn behave(&self) -> Option<Failure> {
        self.received.fetch_add(1, Ordering::Relaxed);
        let chance = |share: u32| self.setting.runtime.dice.chance(u64::from(share), 1_000_000);
        if let Some(delay) = due(&self.behaviour.delays, chance) {
            self.setting.runtime.time.sleep(delay).await;
        }
        due(&self.behaviour.errors, chance)
    }

    /// Once its name, then whatever comes, until the client ends.
    async fn echo_bytes(&self, stream: &mut impl Wire) -> io::Result<()> {
        if self.behave().await.is_some() {
            return Ok(());
        }
        stream.write_all(format!("{}: ", self.identity.short()).as_bytes()).await?;
        let mut buffer = vec![0; 16 << 10];
        loop {
            match stream.read(&mut buffer).await? {
                0 => return stream.shutdown().await,
                length => {
                    stream.write_all(&buffer[..length]).await?;
                    stream.flush().await?;
                }
            }
        }
    }

    async fn answer(&self, mut request: Request<Incoming>, tls: Option<&PeerTls>) -> Result<Response<Body>, Reset> {
        let failure = self.behave().await;
        let mut response = match failure {
            Some(Failure::Reset) => return Err(Reset),
            Some(Failure::Status(status)) if is_grpc(request.headers()) => grpc_failure(status),
            None if is_grpc(request.headers()) => returned(request.into_body()),
            None if is_websocket(&request) => upgrade(&mut request),
            failure => {
                let (parts, body) = request.into_parts();
                let length = length(body).await.map_err(|_| Reset)?;
                let accept = parts.headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
                let (text, kind) = render(&self.identity, &Received::new(&parts, length, tls), accept);
                let mut response = Response::new(Body::from(text));
                response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
                if let Some(Failure::Status(status)) = failure {
                    *response.status_mut() = status;
                }
                response
            }
        };
        let own = [(WORKLOAD_HEADER, &self.workload), (VERSION_HEADER, &self.version)];
        let own = own.into_iter().filter_map(|(name, value)| Some((name, value.clone()?)));
        response.headers_mut().extend(own);
        Ok(response)
    }
}

/// How long a body is, without holding it.
async fn length(mut body: Incoming) -> hyper::Result<u64> {
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        length += frame?.data_ref().map_or(0, |data| data.len() as u64);
    }
    Ok(length)
}

/// Over HTTP/1.1, or HTTP/2 (RFC 8441).
fn is_websocket(request: &Request<Incoming>) -> bool {
    let protocol = request.extensions().get::<hyper::ext::Protocol>();
    match *request.method() {
        Method::CONNECT => protocol.is_some_and(|protocol| protocol.as_str() == "websocket"),
        _ => websocket::is_asked_for(request.headers()) && websocket::accept(request.headers()).is_some(),
    }
}

fn upgrade(request: &mut Request<Incoming>) -> Response<Body> {
    let mut response = Response::new(Body::Empty);
    if *request.method() != Method::CONNECT {
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        headers.extend(websocket::accept(request.headers()).map(|accept| (header::SEC_WEBSOCKET_ACCEPT, accept)));
    }
    tokio::spawn(echo_messages(hyper::upgrade::on(request)));
    response
}

async fn echo_messages(upgrade: OnUpgrade) {
    if let Ok(upgraded) = upgrade.await {
        // A client that breaks off needs no answer.
        let _ = websocket::echo(&mut TokioIo::new(upgraded)).await;
    }
}

fn is_grpc(headers: &HeaderMap) -> bool {
    grpc::is_grpc(headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()))
}

/// The messages come back, and the trailers say that all is well.
fn returned(messages: Incoming) -> Response<Body> {
    let mut response = Response::new(Body::boxed(Returned { messages, ended: false }));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(grpc::CONTENT_TYPE));
    response
}

fn grpc_failure(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::Empty);
    response.headers_mut().extend(grpc::headers(grpc::status_of_http(status.as_u16())));
    response
}

struct Returned {
    messages: Incoming,
    ended: bool,
}

impl hyper::body::Body for Returned {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        while !self.ended {
            match ready!(Pin::new(&mut self.messages).poll_frame(context)) {
                Some(Ok(frame)) if frame.is_trailers() => {}
                Some(frame) => return Poll::Ready(Some(frame.map_err(BodyError::from))),
                None => {
                    self.ended = true;
                    let trailers = HeaderMap::from_iter([(grpc::STATUS, HeaderValue::from(0))]);
                    return Poll::Ready(Some(Ok(Frame::trailers(trailers))));
                }
            }
        }
        Poll::Ready(None)
    }
}
