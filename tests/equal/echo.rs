//! Servers that stand for endpoints, and tell what they received.
//!
//! Whatever comes first decides what they speak: TLS, HTTP/2, HTTP/1.1, or bytes that are sent back. Headers of a request
//! tell how to answer: `x-echo-status`, `x-echo-delay` (milliseconds), `x-echo-fails` (how many tries fail with the status
//! before one succeeds), `x-echo-header` (`name=value`), `x-echo-reset`. The path `/say/…` is answered with what is behind it
//! in base64.

use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;
use std::io::{self, Cursor};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, Version};
use hyper_util::rt::{TokioExecutor, TokioIo};
use meshlint::envoy::bootstrap::TestAuthority;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use serde_json::json;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// How many tries of each request have come, by the header `x-test`.
type Tries = Mutex<HashMap<String, u32>>;

/// How a connection with TLS begins.
const TLS: u8 = 0x16;

pub struct Echo {
    /// By endpoint.
    pub ports: BTreeMap<String, u16>,
    tries: Arc<Tries>,
}

impl Echo {
    /// Starts a server for each endpoint, which ends with the runtime. `names` stand in their certificate.
    pub async fn start(endpoints: &[String], authority: &TestAuthority, names: &[String]) -> Self {
        let acceptor = TlsAcceptor::from(Arc::new(server_config(authority, names)));
        let tries = Arc::<Tries>::default();
        let mut ports = BTreeMap::new();
        for endpoint in endpoints {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            ports.insert(endpoint.clone(), listener.local_addr().unwrap().port());
            tokio::spawn(accept(listener, acceptor.clone(), tries.clone()));
        }
        Self { ports, tries }
    }

    /// Forgets what has come.
    pub fn forget(&self) {
        self.tries.lock().unwrap().clear();
    }
}

fn server_config(authority: &TestAuthority, names: &[String]) -> ServerConfig {
    let (uris, names): (Vec<_>, Vec<_>) =
        names.iter().map(String::as_str).partition(|name| name.starts_with("spiffe://"));
    let certificate = authority.issue(names, uris);
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.pem().as_bytes()).unwrap()).unwrap();
    let verifier = WebPkiClientVerifier::builder(Arc::new(roots)).allow_unauthenticated().build().unwrap();
    let chain = CertificateDer::pem_slice_iter(certificate.chain.as_bytes()).map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_slice(certificate.key.as_bytes()).unwrap();
    let mut config = ServerConfig::builder().with_client_cert_verifier(verifier).with_single_cert(chain, key).unwrap();
    config.alpn_protocols = ["istio-h2", "h2", "istio-http/1.1", "istio", "http/1.1"].map(|name| name.into()).to_vec();
    config
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, tries: Arc<Tries>) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(start(stream, acceptor.clone(), tries.clone()));
    }
}

async fn start(mut stream: TcpStream, acceptor: TlsAcceptor, tries: Arc<Tries>) -> io::Result<()> {
    skip_proxy_protocol(&mut stream).await?;
    let mut first = [0];
    stream.peek(&mut first).await?;
    if first[0] != TLS {
        return serve(stream, None, tries).await;
    }
    let stream = acceptor.accept(stream).await?;
    let connection = stream.get_ref().1;
    let peer = if connection.peer_certificates().is_some() { "with certificate" } else { "without certificate" };
    let tls = Some(format!("{} {peer}", connection.server_name().unwrap_or_default()));
    let (mut reader, writer) = tokio::io::split(stream);
    let mut start = vec![0; 4096];
    let length = reader.read(&mut start).await?;
    start.truncate(length);
    let is_tls = start.first() == Some(&TLS);
    let stream = tokio::io::join(Cursor::new(start).chain(reader), writer);
    // The TLS of a client goes through that of a proxy.
    if is_tls { serve(acceptor.accept(stream).await?, tls, tries).await } else { serve(stream, tls, tries).await }
}

/// Both versions of the header that tells who connects to a proxy.
async fn skip_proxy_protocol(stream: &mut TcpStream) -> io::Result<()> {
    let mut start = [0; 256];
    let length = stream.peek(&mut start).await?;
    let header = match &start[..length] {
        start if start.starts_with(b"PROXY ") => start.windows(2).position(|end| end == b"\r\n").map(|end| end + 2),
        [b'\r', b'\n', b'\r', b'\n', 0, ..] if length >= 16 => {
            Some(16 + usize::from(start[14]) * 256 + usize::from(start[15]))
        }
        _ => None,
    };
    stream.read_exact(&mut start[..header.unwrap_or(0).min(length)]).await.map(drop)
}

async fn serve<S>(mut stream: S, tls: Option<String>, tries: Arc<Tries>) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut start = vec![0; 4096];
    let length = stream.read(&mut start).await?;
    start.truncate(length);
    let is_http = start.windows(6).any(|part| part == b"HTTP/1" || part == b"HTTP/2");
    let (reader, mut writer) = tokio::io::split(stream);
    if !is_http {
        writer.write_all(b"echo ").await?;
        let mut reader = Cursor::new(start).chain(reader);
        tokio::io::copy(&mut reader, &mut writer).await?;
        return Ok(());
    }
    let is_http2 = start.starts_with(b"PRI");
    let io = TokioIo::new(tokio::io::join(Cursor::new(start).chain(reader), writer));
    let service = service_fn(move |request| answer(request, tls.clone(), tries.clone()));
    // A client that goes away is no mistake of the test.
    let _ended = match is_http2 {
        true => hyper::server::conn::http2::Builder::new(TokioExecutor::new()).serve_connection(io, service).await,
        false => hyper::server::conn::http1::Builder::new().serve_connection(io, service).with_upgrades().await,
    };
    Ok(())
}

async fn answer(
    mut request: Request<Incoming>,
    tls: Option<String>,
    tries: Arc<Tries>,
) -> Result<Response<BoxBody<Bytes, Infallible>>, io::Error> {
    let asked = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let number = |name: &str| asked(name).and_then(|text| text.parse::<u64>().ok());
    if let Some(delay) = number("x-echo-delay") {
        tokio::time::sleep(Duration::from_millis(delay)).await;
    }
    if asked("x-echo-reset").is_some() {
        return Err(io::Error::other("as asked"));
    }
    let attempt = {
        let mut tries = tries.lock().unwrap();
        let attempt = tries.entry(asked("x-test").unwrap_or_default()).or_default();
        *attempt += 1;
        *attempt
    };
    let fails = number("x-echo-fails").is_none_or(|fails| u64::from(attempt) <= fails);
    let status = number("x-echo-status").filter(|_| fails).unwrap_or(200);
    let is_grpc = asked("content-type").is_some_and(|kind| kind.starts_with("application/grpc"));
    let extra = asked("x-echo-header");
    let mut response = Response::builder().status(StatusCode::from_u16(status as u16).unwrap());
    if let Some((name, value)) = extra.as_deref().and_then(|extra| extra.split_once('=')) {
        response = response.header(name, value);
    }
    let is_tunnel = request.method() == Method::CONNECT;
    if is_tunnel || asked("upgrade").is_some() {
        let upgrade = hyper::upgrade::on(&mut request);
        let tunnel_to = is_tunnel.then(|| format!("{} ", request.uri()));
        tokio::spawn(async move {
            let Ok(upgraded) = upgrade.await else { return };
            let (mut reader, mut writer) = tokio::io::split(TokioIo::new(upgraded));
            // Who asks for a tunnel hears first what for, in one piece with what it says first.
            let mut start = tunnel_to.unwrap_or_default().into_bytes();
            if reader.read_buf(&mut start).await.is_ok() && writer.write_all(&start).await.is_ok() {
                let _ended = tokio::io::copy(&mut reader, &mut writer).await;
            }
        });
        if is_tunnel {
            return Ok(response.body(Full::default().boxed()).unwrap());
        }
        let response = response.status(101).header("connection", "upgrade").header("upgrade", "websocket");
        return Ok(response.body(Full::default().boxed()).unwrap());
    }
    if let Some(text) = request.uri().path().strip_prefix("/say/") {
        let body = Bytes::from(meshlint::format::decode_base64(text).unwrap());
        return Ok(response.body(Full::from(body).boxed()).unwrap());
    }
    let mut headers = BTreeMap::<_, Vec<_>>::new();
    for (name, value) in request.headers() {
        headers.entry(name.to_string()).or_default().push(String::from_utf8_lossy(value.as_bytes()).into_owned());
    }
    let authority =
        request.uri().authority().map(ToString::to_string).or_else(|| Some(headers.get("host")?[0].clone()));
    let told = json!({
        "method": request.method().as_str(),
        "path": request.uri().path_and_query().map(ToString::to_string),
        "authority": authority,
        "version": if request.version() == Version::HTTP_2 { "2" } else { "1.1" },
        "tls": tls,
        "headers": headers,
        "body": String::from_utf8_lossy(&request.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default()),
    });
    let body = Full::from(told.to_string());
    match is_grpc {
        true => {
            let mut trailers = http::HeaderMap::new();
            trailers.insert("grpc-status", "0".parse().unwrap());
            let body = body.with_trailers(std::future::ready(Some(Ok(trailers))));
            Ok(response.header("content-type", "application/grpc").body(body.boxed()).unwrap())
        }
        false => Ok(response.header("content-type", "application/json").body(body.boxed()).unwrap()),
    }
}
