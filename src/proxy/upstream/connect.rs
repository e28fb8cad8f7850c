//! Connecting to a host.

use std::sync::atomic::Ordering;
use std::time::Duration;

use socket2::SockRef;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpSocket, TcpStream, UnixStream};
use tokio::time::Instant;

use crate::envoy::core::TcpKeepalive;

use super::cluster::Shared;
use super::failure::Failure;
use super::host::{Address, Host};
use super::pool::Kind;
use super::proxy_protocol::{Origin, header};
use super::stream::Stream;

/// For what a connection is made.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Dial<'a> {
    /// What is offered by ALPN in place of what the TLS context says.
    pub offered: Option<&'a [String]>,
    pub sni: Option<&'a str>,
    /// The HTTP that is spoken; `None` for bytes.
    pub kind: Option<Kind>,
    pub origin: Option<Origin>,
}

/// A connection that is ready for its first byte.
pub(super) async fn connect(shared: &Shared, host: &Host, dial: Dial<'_>) -> Result<Stream, Failure> {
    let stats = &shared.stats;
    stats.upstream_cx_total.increment();
    host.stats.cx_total.fetch_add(1, Ordering::Relaxed);
    let begun = Instant::now();
    let made = shared.runtime.time.timeout(shared.settings.connect_timeout, establish(shared, host, dial)).await;
    let failure = match made {
        Ok(Ok(stream)) => {
            let taken = shared.runtime.time.since(begun);
            stats.upstream_cx_connect_ms.record(taken.as_millis() as u64);
            return Ok(stream);
        }
        Ok(Err(failure)) => failure,
        Err(_) => {
            stats.upstream_cx_connect_timeout.increment();
            Failure::ConnectTimeout
        }
    };
    stats.upstream_cx_connect_fail.increment();
    host.stats.cx_connect_fail.fetch_add(1, Ordering::Relaxed);
    Err(failure)
}

/// Counts nothing.
pub(super) async fn establish(shared: &Shared, host: &Host, dial: Dial<'_>) -> Result<Stream, Failure> {
    let mut stream = match &host.address {
        Address::Pipe(path) => return UnixStream::connect(path).await.map(Stream::Unix).map_err(refused),
        Address::Socket(address) => tcp(shared, *address).await.map_err(refused)?,
    };
    if let Some(version) = host.transport.proxy_protocol {
        stream.write_all(&header(version, dial.origin)).await.map_err(refused)?;
    }
    let Some(tls) = &host.transport.tls else { return Ok(Stream::Tcp(stream)) };
    // Without a protocol in the context, what is spoken is offered where the upstream has to choose.
    let negotiated = [String::from("h2"), String::from("http/1.1")];
    let offered = match dial.kind {
        Some(Kind::Negotiated) => dial.offered.or(Some(&negotiated)),
        _ => dial.offered,
    };
    let secured = tls.connect(stream, dial.sni, offered).await;
    secured.map(|stream| Stream::Tls(Box::new(stream))).map_err(|error| Failure::Connect(Some(told(&error))))
}

/// What went wrong in a handshake, in words like those of Envoy.
fn told(error: &std::io::Error) -> String {
    let cause = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match cause {
        Some(rustls::Error::InvalidCertificate(_)) => {
            "TLS_error:|268435581:SSL routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED:TLS_error_end".to_owned()
        }
        Some(rustls::Error::InvalidMessage(_)) => {
            "TLS_error:|268435703:SSL routines:OPENSSL_internal:WRONG_VERSION_NUMBER:TLS_error_end".to_owned()
        }
        Some(cause) => format!("TLS_error: {cause}"),
        None => format!("TLS_error: {error}"),
    }
}

async fn tcp(shared: &Shared, address: std::net::SocketAddr) -> std::io::Result<TcpStream> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    if let Some(source) = shared.settings.source
        && source.is_ipv4() == address.is_ipv4()
    {
        socket.bind((source, 0).into())?;
    }
    let stream = socket.connect(address).await?;
    // As Envoy does for each connection.
    stream.set_nodelay(true)?;
    if let Some(keepalive) = &shared.settings.keepalive {
        SockRef::from(&stream).set_tcp_keepalive(&tcp_keepalive(keepalive))?;
    }
    Ok(stream)
}

/// What is not configured is the operating system's.
fn tcp_keepalive(config: &TcpKeepalive) -> socket2::TcpKeepalive {
    let seconds = |seconds: u32| Duration::from_secs(seconds.into());
    let mut keepalive = socket2::TcpKeepalive::new();
    if let Some(time) = config.keepalive_time {
        keepalive = keepalive.with_time(seconds(time));
    }
    if let Some(interval) = config.keepalive_interval {
        keepalive = keepalive.with_interval(seconds(interval));
    }
    if let Some(probes) = config.keepalive_probes {
        keepalive = keepalive.with_retries(probes);
    }
    keepalive
}

/// In the words of the operating system, without Rust's number of the error.
fn refused(error: std::io::Error) -> Failure {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    Failure::Connect(Some(format!("delayed connect error: {text}")))
}
