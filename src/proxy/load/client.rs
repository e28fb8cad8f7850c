//! One client of a load, with a connection to each target.

use std::error::Error;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::proxy::echo::{VERSION_HEADER, WORKLOAD_HEADER};

use super::{Message, Target};

/// What came back for one request.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Answer {
    /// That of HTTP, or a word.
    pub status: String,
    /// Who answered, if that was an echo.
    pub by: Option<String>,
}

/// All that comes back for one request.
#[derive(Debug)]
pub enum Reply {
    Http(Response<Bytes>),
    /// Without what was sent, if that came back.
    Bytes(Vec<u8>),
}

/// Sends one request over a connection of its own. The error is a word for why there is no answer.
pub async fn ask(target: &Target, timeout: Duration) -> Result<Reply, String> {
    let exchange = async {
        let request = match &target.message {
            Message::Bytes(bytes) => return Ok(Reply::Bytes(bytes_back(target, bytes).await?)),
            Message::Http1(request) | Message::Http2(request) => request,
        };
        let mut connection = Connection::open(target).await?;
        let response = connection.request(request).await.map_err(Failure::Http)?;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.map_err(Failure::Http)?.to_bytes();
        Ok(Reply::Http(Response::from_parts(parts, body)))
    };
    match tokio::time::timeout(timeout, exchange).await {
        Ok(Ok(reply)) => Ok(reply),
        Ok(Err::<_, Failure>(failure)) => Err(failure.word()),
        Err(_) => Err("timeout".to_owned()),
    }
}

pub(super) struct Client<'l> {
    targets: &'l [Target],
    connections: Vec<Option<Connection>>,
    timeout: Duration,
}

enum Connection {
    Http1(http1::SendRequest<Full<Bytes>>),
    Http2(http2::SendRequest<Full<Bytes>>),
}

/// Why there is no answer.
#[derive(Debug)]
enum Failure {
    Io(io::Error),
    Http(hyper::Error),
}

trait Transport: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Transport for T {}

impl<'l> Client<'l> {
    pub fn new(targets: &'l [Target], timeout: Duration) -> Self {
        Self { targets, connections: targets.iter().map(|_| None).collect(), timeout }
    }

    pub async fn send(&mut self, target: usize) -> Answer {
        let exchange = Self::exchange(&self.targets[target], &mut self.connections[target]);
        let outcome = tokio::time::timeout(self.timeout, exchange).await;
        let status = match outcome {
            Ok(Ok(answer)) => return answer,
            Ok(Err(failure)) => failure.word(),
            Err(_) => "timeout".to_owned(),
        };
        self.connections[target] = None;
        Answer { status, by: None }
    }

    async fn exchange(target: &Target, connection: &mut Option<Connection>) -> Result<Answer, Failure> {
        let request = match &target.message {
            Message::Bytes(bytes) => return of_bytes(target, bytes).await,
            Message::Http1(request) | Message::Http2(request) => request,
        };
        let kept = match connection.take() {
            Some(mut kept) => kept.ready().await.is_ok().then_some(kept),
            None => None,
        };
        let is_kept = kept.is_some();
        let mut own = match kept {
            Some(kept) => kept,
            None => Connection::open(target).await?,
        };
        let response = match own.request(request).await {
            // The other side closed a connection that was idle while this was on its way.
            Err(error) if is_kept && (error.is_canceled() || error.is_closed()) => {
                own = Connection::open(target).await?;
                own.request(request).await
            }
            response => response,
        };
        let response = response.map_err(Failure::Http)?;
        let answer = Answer { status: response.status().as_u16().to_string(), by: echo(response.headers()) };
        read(response.into_body()).await.map_err(Failure::Http)?;
        *connection = Some(own);
        Ok(answer)
    }
}

impl Connection {
    async fn open(target: &Target) -> Result<Self, Failure> {
        let stream = TokioIo::new(connect(target).await?);
        Ok(match target.message {
            Message::Http2(_) => {
                let (sender, connection) =
                    http2::handshake(TokioExecutor::new(), stream).await.map_err(Failure::Http)?;
                tokio::spawn(connection);
                Self::Http2(sender)
            }
            Message::Http1(_) | Message::Bytes(_) => {
                let (sender, connection) = http1::handshake(stream).await.map_err(Failure::Http)?;
                tokio::spawn(connection);
                Self::Http1(sender)
            }
        })
    }

    async fn ready(&mut self) -> hyper::Result<()> {
        match self {
            Self::Http1(sender) => sender.ready().await,
            Self::Http2(sender) => sender.ready().await,
        }
    }

    async fn request(&mut self, request: &Request<Bytes>) -> hyper::Result<Response<Incoming>> {
        let mut request = request.clone().map(Full::new);
        match self {
            Self::Http1(sender) => {
                // The target is written as clients write it to servers; the host is a header.
                let path = request.uri().path_and_query().cloned();
                *request.uri_mut() = path.map_or_else(http::Uri::default, http::Uri::from);
                sender.send_request(request).await
            }
            Self::Http2(sender) => {
                request.headers_mut().remove(http::header::HOST);
                sender.send_request(request).await
            }
        }
    }
}

async fn connect(target: &Target) -> Result<Box<dyn Transport>, Failure> {
    let stream = TcpStream::connect(target.address).await?;
    stream.set_nodelay(true)?;
    match &target.tls {
        Some(tls) => Ok(Box::new(tls.connect(stream).await?)),
        None => Ok(Box::new(stream)),
    }
}

async fn read(mut body: Incoming) -> hyper::Result<()> {
    while let Some(frame) = body.frame().await {
        frame?;
    }
    Ok(())
}

fn echo(headers: &HeaderMap) -> Option<String> {
    let text = |name| headers.get(name)?.to_str().ok();
    let workload = text(WORKLOAD_HEADER)?;
    Some(match text(VERSION_HEADER) {
        Some(version) => format!("{workload} version={version}"),
        None => workload.to_owned(),
    })
}

/// An echo tells its name before it sends back.
async fn of_bytes(target: &Target, bytes: &[u8]) -> Result<Answer, Failure> {
    let back = bytes_back(target, bytes).await?;
    let by = back.strip_suffix(b": ").map(|name| String::from_utf8_lossy(name).into_owned());
    let status = if back.is_empty() { "closed" } else { "answered" };
    Ok(Answer { status: status.to_owned(), by })
}

/// What comes before the bytes that were sent come back, or before the connection ends.
async fn bytes_back(target: &Target, bytes: &[u8]) -> Result<Vec<u8>, Failure> {
    let mut stream = connect(target).await?;
    stream.write_all(bytes).await?;
    stream.flush().await?;
    let mut back = Vec::new();
    while !back.ends_with(bytes) && stream.read_buf(&mut back).await? > 0 {}
    if back.ends_with(bytes) {
        back.truncate(back.len() - bytes.len());
    }
    Ok(back)
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Failure::Io(error)
    }
}

impl Failure {
    /// As short as a status.
    fn word(&self) -> String {
        let (error, source): (&(dyn Error + 'static), _) = match self {
            Failure::Io(error) => (error, Some(error)),
            Failure::Http(error) => (error, error.source().and_then(|source| source.downcast_ref::<io::Error>())),
        };
        if let Some(alert) = alert(error) {
            return alert;
        }
        match source.map(io::Error::kind) {
            Some(io::ErrorKind::ConnectionRefused) => "refused".to_owned(),
            Some(io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe) => "reset".to_owned(),
            Some(io::ErrorKind::UnexpectedEof) => "closed".to_owned(),
            Some(_) => error.to_string(),
            None => match self {
                Failure::Http(error) if error.is_parse() => "no HTTP".to_owned(),
                _ => "closed".to_owned(),
            },
        }
    }
}

/// What the other side did not like of TLS.
fn alert(error: &(dyn Error + 'static)) -> Option<String> {
    let mut next = Some(error);
    while let Some(error) = next {
        // An `io::Error` shows as its source what is inside of the error that it was made of.
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        let own = inner.and_then(|inner| inner.downcast_ref()).or_else(|| error.downcast_ref());
        match own {
            Some(rustls::Error::AlertReceived(alert)) => return Some(format!("TLS alert {alert:?}")),
            Some(rustls::Error::InvalidMessage(_)) => return Some("no TLS".to_owned()),
            Some(other) => return Some(format!("TLS: {other}")),
            None => next = error.source(),
        }
    }
    None
}
