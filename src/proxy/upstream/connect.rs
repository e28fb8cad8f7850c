//! Connecting to a host.

use std::sync::atomic::Ordering;

use tokio::net::{TcpSocket, TcpStream, UnixStream};
use tokio::time::Instant;

use super::cluster::Shared;
use super::failure::Failure;
use super::host::{Address, Host};
use super::pool::Kind;
use super::stream::Stream;

/// For what a connection is made.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Dial<'a> {
    /// What is offered by ALPN in place of what the TLS context says.
    pub offered: Option<&'a [String]>,
    pub sni: Option<&'a str>,
    /// The HTTP that is spoken; `None` for bytes.
    pub http: Option<Kind>,
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

async fn establish(shared: &Shared, host: &Host, _dial: Dial<'_>) -> Result<Stream, Failure> {
    match &host.address {
        Address::Pipe(path) => UnixStream::connect(path).await.map(Stream::Unix).map_err(|_| Failure::Connect(None)),
        Address::Socket(address) => {
            let stream = tcp(shared, *address).await.map_err(|_| Failure::Connect(None))?;
            Ok(Stream::Tcp(stream))
        }
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
    Ok(stream)
}
