//! A client's connection that speaks HTTP.

use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use crate::proxy::per_worker::lock;
use crate::proxy::record::Client;
use crate::proxy::shared::{Phase, Shared};
use crate::proxy::snapshot::Place;
use crate::trace::{Connection, Inspected};

use super::codec_errors::CodecErrors;
use super::exchange::handle;
use super::manager::Manager;

#[derive(Debug)]
pub struct Session {
    pub shared: Arc<Shared>,
    pub client: Arc<Client>,
    pub connection: Connection,
    pub inspected: Inspected,
    place: Mutex<Place>,
    /// Requests that are being served.
    active: AtomicUsize,
    last: Mutex<Instant>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    Http1,
    Http2,
}

/// As Envoy's defaults (`source/common/http/http2/codec_impl.h`), but for windows, which are as large as one worker needs.
const MOST_STREAMS: u32 = 1024;
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 1 << 22;

impl Session {
    pub fn new(
        shared: Arc<Shared>,
        client: Arc<Client>,
        connection: Connection,
        inspected: Inspected,
        place: Place,
    ) -> Self {
        let (active, last) = (AtomicUsize::new(0), Mutex::new(Instant::now()));
        Self { shared, client, connection, inspected, place: Mutex::new(place), active, last }
    }

    /// Where requests are served that come now. A configuration that came since the last one applies, unless it has no
    /// chain like the one that the connection came by.
    pub fn place(&self) -> Place {
        let mut place = lock(&self.place);
        if place.snapshot.generation != self.shared.generation() {
            let current = self.shared.current();
            let listener = current.listener(&place.listener().name);
            let next = listener.and_then(|listener| Place::choose(&current, listener, &self.inspected));
            let fits =
                |next: &Place| next.plan().manager.is_some() && next.plan().tls.is_some() == place.plan().tls.is_some();
            if let Some(next) = next.filter(fits) {
                *place = next;
            }
        }
        place.clone()
    }

    pub fn begin(&self) {
        self.active.fetch_add(1, Ordering::Relaxed);
    }

    pub fn end(&self) {
        *lock(&self.last) = Instant::now();
        self.active.fetch_sub(1, Ordering::Relaxed);
    }

    /// When a connection that has no requests is idle for too long.
    fn idle_until(&self, idle: Duration) -> Instant {
        let since = if self.active.load(Ordering::Relaxed) > 0 { Instant::now() } else { *lock(&self.last) };
        since + idle
    }
}

/// Serves requests until the client, the time or the proxy ends the connection.
pub async fn serve<I>(io: I, protocol: Protocol, session: Arc<Session>, manager: Arc<Manager>)
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    manager.stats.connections_total.increment();
    let _held = manager.stats.connections.hold();
    let time = session.shared.runtime.time;
    let idle = manager.idle.map(|idle| time.on_wall(idle));
    let service = {
        let session = Arc::clone(&session);
        service_fn(move |request: http::Request<Incoming>| handle(Arc::clone(&session), request))
    };
    match protocol {
        Protocol::Http1 => {
            let mut builder = http1::Builder::new();
            let longest = manager.headers_timeout.or(manager.stream_idle).or(manager.idle);
            builder
                .timer(TokioTimer::new())
                .header_read_timeout(longest.map(|longest| time.on_wall(longest)))
                .max_buf_size(manager.most_header_bytes.max(1 << 13))
                .max_headers(manager.most_headers)
                .auto_date_header(false);
            let io = CodecErrors::new(io, Arc::clone(&session), manager);
            let connection = builder.serve_connection(TokioIo::new(io), service).with_upgrades();
            Box::pin(drive(connection, |connection| connection.graceful_shutdown(), &session, idle)).await;
        }
        Protocol::Http2 => {
            let mut builder = http2::Builder::new(TokioExecutor::new());
            let options = manager.config.http2_protocol_options.as_ref();
            builder
                .timer(TokioTimer::new())
                .max_concurrent_streams(options.and_then(|own| own.max_concurrent_streams).unwrap_or(MOST_STREAMS))
                .initial_stream_window_size(STREAM_WINDOW)
                .initial_connection_window_size(CONNECTION_WINDOW)
                .max_header_list_size(manager.most_header_bytes as u32)
                .auto_date_header(false);
            if manager.upgrades_to("websocket") || manager.upgrades_to("connect") {
                builder.enable_connect_protocol();
            }
            let connection = builder.serve_connection(TokioIo::new(io), service);
            Box::pin(drive(connection, |connection| connection.graceful_shutdown(), &session, idle)).await;
        }
    }
}

/// Runs a connection; ends it softly when the proxy drains or nothing happens, and at once when the proxy stops.
async fn drive<C, E>(connection: C, shut: impl Fn(std::pin::Pin<&mut C>), session: &Session, idle: Option<Duration>)
where
    C: Future<Output = Result<(), E>>,
{
    let mut connection = pin!(connection);
    let mut phase = session.shared.phase.subscribe();
    let mut timer = pin!(tokio::time::sleep(idle.unwrap_or(Duration::MAX / 4)));
    let mut is_ending = false;
    if *phase.borrow_and_update() == Phase::Draining {
        is_ending = true;
        shut(connection.as_mut());
    }
    loop {
        tokio::select! {
            biased;
            // A connection that breaks has told the requests on it.
            _ = connection.as_mut() => return,
            changed = phase.changed() => {
                if changed.is_err() || *phase.borrow_and_update() == Phase::Stopped {
                    return;
                }
                is_ending = true;
                shut(connection.as_mut());
            }
            () = timer.as_mut(), if idle.is_some() && !is_ending => {
                let until = session.idle_until(idle.unwrap_or_default());
                if until <= Instant::now() {
                    is_ending = true;
                    shut(connection.as_mut());
                } else {
                    timer.as_mut().reset(until);
                }
            }
        }
    }
}

/// Nothing that a request does makes an error of its connection.
pub type Handled = Result<http::Response<super::response::Outgoing>, Infallible>;
