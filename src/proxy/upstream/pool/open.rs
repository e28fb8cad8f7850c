//! Opening connections of a pool.

use std::error::Error;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};

use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::time::Instant;

use crate::proxy::Body;
use crate::proxy::stats::Held;
use crate::proxy::upstream::breaker::Permit;
use crate::proxy::upstream::connect::{Dial, connect};
use crate::proxy::upstream::failure::Failure;
use crate::proxy::upstream::heard::Heard;
use crate::proxy::upstream::host::{Host, HostStats};
use crate::proxy::upstream::settings::Settings;
use crate::proxy::upstream::stream::Stream;

use super::Pool;
use super::client::{Client, Connection, Kind, Sender};

/// Connects and shakes hands; what drives the connection runs on its own from then on.
pub async fn open(pool: &Arc<Pool>, host: &Arc<Host>, permit: Permit) -> Result<Client, Failure> {
    let shared = &pool.shared;
    let key = &pool.key;
    let (offered, sni) = (key.offered.as_deref(), key.sni.as_deref());
    let dial = Dial { offered, sni, kind: Some(key.kind), origin: key.origin };
    let stream = connect(shared, host, dial).await?;
    let http2 = match key.kind {
        Kind::Http1 => false,
        Kind::Http2 => true,
        Kind::Negotiated => stream.protocol() == Some(b"h2"),
    };
    let expires = shared.settings.max_connection_duration.map(|duration| shared.runtime.time.after(duration));
    let connection = Connection::new(expires);
    let count = Count::new(pool, host, permit);
    let sender = if http2 {
        shared.stats.upstream_cx_http2_total.increment();
        Sender::Http2(shake_http2(stream, &shared.settings, &connection, count).await?)
    } else {
        shared.stats.upstream_cx_http1_total.increment();
        Sender::Http1(shake_http1(stream, &shared.settings, &connection, count).await?)
    };
    Ok(Client { sender, connection })
}

async fn shake_http1(
    stream: Stream,
    settings: &Settings,
    counted: &Arc<Connection>,
    count: Count,
) -> Result<http1::SendRequest<Body>, Failure> {
    let mut builder = http1::Builder::new();
    // The limits of Envoy on what upstreams send, less strict where it has none.
    builder.max_headers(1_000).max_buf_size(64 * 1024);
    let options = &settings.http1;
    builder.preserve_header_case(options.preserves_case()).title_case_headers(options.capitalizes());
    let heard = Arc::clone(counted);
    let stream = Heard::new(stream, move || heard.heard.store(true, Ordering::Relaxed));
    let (sender, connection) = builder.handshake(TokioIo::new(stream)).await.map_err(|error| failure(&error))?;
    drive(connection.with_upgrades(), counted, count);
    Ok(sender)
}

async fn shake_http2(
    stream: Stream,
    settings: &Settings,
    counted: &Arc<Connection>,
    count: Count,
) -> Result<http2::SendRequest<Body>, Failure> {
    let mut builder = http2::Builder::new(TokioExecutor::new());
    let options = &settings.http2;
    // Envoy's windows (`source/common/http/utility.h`, `OptionsLimits`).
    builder
        .timer(TokioTimer::new())
        .initial_stream_window_size(options.initial_stream_window_size.unwrap_or(16 << 20))
        .initial_connection_window_size(options.initial_connection_window_size.unwrap_or(24 << 20))
        .max_header_list_size(64 * 1024);
    if let Some(keepalive) = &options.connection_keepalive {
        builder.keep_alive_interval(keepalive.interval).keep_alive_while_idle(true);
        if let Some(timeout) = keepalive.timeout {
            builder.keep_alive_timeout(timeout);
        }
    }
    let (sender, mut connection) = builder.handshake(TokioIo::new(stream)).await.map_err(|error| failure(&error))?;
    let shown = Arc::clone(counted);
    shown.allowed.store(connection.current_max_send_streams(), Ordering::Relaxed);
    let driven = poll_fn(move |context| {
        let polled = Pin::new(&mut connection).poll(context);
        shown.allowed.store(connection.current_max_send_streams(), Ordering::Relaxed);
        polled
    });
    drive(driven, counted, count);
    Ok(sender)
}

fn drive(
    connection: impl Future<Output = hyper::Result<()>> + Send + 'static,
    counted: &Arc<Connection>,
    count: Count,
) {
    let counted = Arc::clone(counted);
    tokio::spawn(async move {
        // The requests on it only learn that the connection is gone.
        if let Err(error) = connection.await
            && matches!(failure(&error), Failure::Protocol(_))
        {
            counted.garbled.store(true, Ordering::Relaxed);
        }
        drop(count);
    });
}

/// Counts a connection for as long as it is open.
struct Count {
    pool: Weak<Pool>,
    host: Weak<Host>,
    stats: Arc<HostStats>,
    opened: Instant,
    permit: Option<Permit>,
    _active: Held,
}

impl Count {
    fn new(pool: &Arc<Pool>, host: &Arc<Host>, permit: Permit) -> Self {
        pool.opened();
        host.stats.cx_active.fetch_add(1, Ordering::Relaxed);
        let active = pool.shared.stats.upstream_cx_active.hold();
        let (pool, stats) = (Arc::downgrade(pool), Arc::clone(&host.stats));
        let (host, opened) = (Arc::downgrade(host), Instant::now());
        Self { pool, host, stats, opened, permit: Some(permit), _active: active }
    }
}

impl Drop for Count {
    fn drop(&mut self) {
        self.stats.cx_active.fetch_sub(1, Ordering::Relaxed);
        // Who waits for a connection may need the permit.
        self.permit = None;
        if let Some(pool) = self.pool.upgrade() {
            let length = pool.shared.runtime.time.since(self.opened);
            pool.shared.stats.upstream_cx_length_ms.record(length.as_millis() as u64);
            pool.closed(self.host.upgrade().as_ref());
        }
    }
}

/// What an error of hyper's means for the request.
pub fn failure(error: &hyper::Error) -> Failure {
    if error.is_parse() {
        return Failure::Protocol(error.to_string());
    }
    let reason = error.source().and_then(|source| source.downcast_ref::<h2::Error>());
    match reason {
        Some(reset) if reset.reason() == Some(h2::Reason::REFUSED_STREAM) => Failure::Refused,
        // This side found that what came is not HTTP/2.
        Some(broken) if broken.is_library() => Failure::Protocol(error.to_string()),
        Some(reset) if reset.is_reset() => Failure::Reset,
        _ => Failure::Terminated,
    }
}
