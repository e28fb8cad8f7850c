//! A client that sends one thing over one connection, and tells all that comes back.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::client::conn::{http1, http2};
use hyper::ext::Protocol;
use hyper_util::rt::{TokioExecutor, TokioIo};
use meshlint::envoy::bootstrap::{Certificate, TestAuthority};
use meshlint::proxy::load;
use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

/// One connection to a listener, and what is sent.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(deny_unknown_fields)]
pub struct Probe {
    /// The name of the listener in the bootstrap.
    pub to: String,
    pub tls: Option<Tls>,
    #[serde(default)]
    pub method: Method,
    /// Of an HTTP request. Without it `send` is sent.
    pub path: Option<String>,
    #[serde(default)]
    pub host: String,
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    #[serde(default)]
    pub body: String,
    #[serde(default)]
    pub http2: bool,
    /// What is asked for by an extended CONNECT of HTTP/2.
    pub protocol: Option<String>,
    #[serde(default)]
    pub send: String,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
pub struct Method(pub String);

impl Default for Method {
    fn default() -> Self {
        Self("GET".to_owned())
    }
}

#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default)]
    pub protocols: Vec<String>,
    /// The identity in the certificate of the client.
    #[serde(default)]
    pub certificate: Option<String>,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// The connection was closed or reset without an answer.
    Closed,
    /// Nothing came in time.
    Nothing,
    Bytes(String),
    Http(Answer),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub headers: BTreeMap<String, Vec<String>>,
    pub body: String,
    pub trailers: BTreeMap<String, Vec<String>>,
    /// The body ended before it was whole.
    pub is_cut: bool,
}

/// Signs, and gives each client the same certificate each time.
pub struct Authority {
    pub signer: TestAuthority,
    clients: Mutex<BTreeMap<String, Certificate>>,
}

impl Authority {
    pub fn generate() -> Self {
        Self { signer: TestAuthority::generate(), clients: Mutex::default() }
    }

    fn client(&self, identity: &str) -> Certificate {
        let mut clients = self.clients.lock().unwrap();
        clients.entry(identity.to_owned()).or_insert_with(|| self.signer.issue([], [identity])).clone()
    }
}

/// Longer than all timeouts of the cases.
const PATIENCE: Duration = Duration::from_secs(20);

impl Probe {
    /// With the ports of echoes for `{endpoint}` in the host.
    pub fn with_ports(mut self, echoes: &BTreeMap<String, u16>) -> Self {
        for (endpoint, port) in echoes {
            self.host = self.host.replace(&format!("{{{endpoint}}}"), &port.to_string());
        }
        self
    }

    /// What comes back, and the ports of the listener and of the client, by which logs tell it. `id` goes along as the header `x-test`.
    pub async fn send(&self, port: u16, id: &str, authority: &Authority) -> ((u16, u16), Seen) {
        let Ok(stream) = TcpStream::connect(("127.0.0.1", port)).await else { return ((port, 0), Seen::Closed) };
        let own = stream.local_addr().map_or(0, |address| address.port());
        let exchange = self.exchange(stream, id, authority);
        ((port, own), tokio::time::timeout(PATIENCE, exchange).await.unwrap_or(Seen::Nothing))
    }

    async fn exchange(&self, stream: TcpStream, id: &str, authority: &Authority) -> Seen {
        let Some(tls) = &self.tls else { return self.over(stream, id).await };
        match tls.client(authority).connect(stream).await {
            Ok(stream) => self.over(stream, id).await,
            Err(_) => Seen::Closed,
        }
    }

    async fn over<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(&self, mut stream: S, id: &str) -> Seen {
        let Some(path) = &self.path else { return self.bytes(&mut stream).await };
        let uri = if self.http2 { format!("http://{}{path}", self.host) } else { path.clone() };
        let mut request = Request::builder().method(self.method.0.as_str()).uri(uri).header("x-test", id);
        if !self.http2 {
            request = request.header("host", &self.host);
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if let Some(protocol) = &self.protocol {
            request = request.method("CONNECT").extension(Protocol::from(protocol.as_str()));
        }
        let Ok(request) = request.body(Full::<Bytes>::from(self.body.clone())) else { return Seen::Nothing };
        let io = TokioIo::new(stream);
        let response = if self.http2 {
            let Ok((mut sender, connection)) = http2::handshake(TokioExecutor::new(), io).await else {
                return Seen::Closed;
            };
            tokio::spawn(connection);
            // Until the server has said that it takes such requests.
            const SETTINGS: Duration = Duration::from_millis(300);
            if self.protocol.is_some() {
                tokio::time::sleep(SETTINGS).await;
            }
            sender.send_request(request).await
        } else {
            let Ok((mut sender, connection)) = http1::handshake(io).await else { return Seen::Closed };
            tokio::spawn(connection.with_upgrades());
            sender.send_request(request).await
        };
        let Ok(response) = response else { return Seen::Closed };
        let (head, body) = response.into_parts();
        let headers = texts(&head.headers);
        let status = head.status.as_u16();
        if status == 101 || (status == 200 && self.protocol.is_some()) {
            return Seen::Http(Answer {
                status,
                headers,
                body: String::new(),
                trailers: BTreeMap::new(),
                is_cut: false,
            });
        }
        let (body, trailers, is_cut) = match body.collect().await {
            Ok(whole) => {
                let trailers = whole.trailers().map(texts).unwrap_or_default();
                (String::from_utf8_lossy(&whole.to_bytes()).into_owned(), trailers, false)
            }
            Err(_) => (String::new(), BTreeMap::new(), true),
        };
        Seen::Http(Answer { status, headers, body, trailers, is_cut })
    }

    /// Until the server closes, or says nothing for a while.
    async fn bytes<S: AsyncRead + AsyncWrite + Unpin>(&self, stream: &mut S) -> Seen {
        const SILENCE: Duration = Duration::from_millis(1500);
        let mut got = Vec::new();
        let _sent = stream.write_all(self.send.as_bytes()).await;
        let mut buffer = [0; 4096];
        let mut is_silent = false;
        // A server of HTTP says itself where its answer ends.
        let is_whole = |got: &[u8]| match got.starts_with(b"HTTP/1.") {
            true => http_answer(got).is_some(),
            false => got.len() >= self.send.len() + "echo ".len(),
        };
        while !is_whole(&got) {
            match tokio::time::timeout(SILENCE, stream.read(&mut buffer)).await {
                Ok(Ok(length @ 1..)) => got.extend_from_slice(&buffer[..length]),
                Ok(_) => break,
                Err(_) => {
                    is_silent = true;
                    break;
                }
            }
        }
        match got.as_slice() {
            [] if is_silent => Seen::Nothing,
            // An alert of TLS.
            [] | [0x15, 3, ..] => Seen::Closed,
            _ => http_answer(&got).map_or_else(|| Seen::Bytes(String::from_utf8_lossy(&got).into_owned()), Seen::Http),
        }
    }
}

/// A whole response of HTTP/1.1 with a length.
fn http_answer(bytes: &[u8]) -> Option<Answer> {
    let (head, body) = std::str::from_utf8(bytes).ok()?.split_once("\r\n\r\n")?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.parse().ok()?;
    let mut headers = BTreeMap::<_, Vec<_>>::new();
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        headers.entry(name.to_owned()).or_default().push(value.to_owned());
    }
    let length: usize = headers.get("content-length")?.first()?.parse().ok()?;
    let body = body.get(..length)?.to_owned();
    Some(Answer { status, headers, body, trailers: BTreeMap::new(), is_cut: false })
}

fn texts(headers: &http::HeaderMap) -> BTreeMap<String, Vec<String>> {
    let mut texts = BTreeMap::<_, Vec<_>>::new();
    for (name, value) in headers {
        texts.entry(name.to_string()).or_default().push(String::from_utf8_lossy(value.as_bytes()).into_owned());
    }
    texts
}

impl Tls {
    /// Which certificate a server shows is no matter here.
    fn client(&self, authority: &Authority) -> load::Tls {
        let certificate = self.certificate.as_ref().map(|identity| authority.client(identity));
        let protocols: Vec<_> = self.protocols.iter().map(String::as_str).collect();
        load::Tls::new(self.name.as_deref().unwrap_or("127.0.0.1"), &protocols, certificate.as_ref()).unwrap()
    }
}
