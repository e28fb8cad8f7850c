//! A client's connection that speaks HTTP.

use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::sync::watch;
use tokio::time::{Instant, Sleep};

use crate::envoy::protocol::Http1ProtocolOptions;
use crate::proxy::per_worker::lock;
use crate::proxy::record::Client;
use crate::proxy::shared::{Phase, Shared};
use crate::proxy::snapshot::Place;
use crate::proxy::wire::Wire;
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
    /// Requests that came.
    count: AtomicU64,
    last: Mutex<Instant>,
    pub started: Instant,
    /// Told when the connection is to end: each response says so from then on.
    ending: watch::Sender<bool>,
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
        let started = Instant::now();
        Self {
            shared,
            client,
            connection,
            inspected,
            place: Mutex::new(place),
            active: AtomicUsize::new(0),
            count: AtomicU64::new(0),
            last: Mutex::new(started),
            started,
            ending: watch::Sender::new(false),
        }
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

    /// Begins a request, which may be the last.
    pub fn begin(&self, most: Option<u64>) {
        self.active.fetch_add(1, Ordering::Relaxed);
        let count = self.count.fetch_add(1, Ordering::Relaxed) + 1;
        if most.is_some_and(|most| count >= most) {
            self.ending.send_replace(true);
        }
    }

    /// Whether the connection is to end.
    pub fn is_ending(&self) -> bool {
        *self.ending.borrow()
    }

    pub fn is_serving(&self) -> bool {
        self.active.load(Ordering::Relaxed) > 0
    }

    pub fn end(&self) {
        *lock(&self.last) = Instant::now();
        self.active.fetch_sub(1, Ordering::Relaxed);
    }

    /// When a connection has been idle for too long, or open, as it is now.
    fn until(&self, limits: Limits) -> Option<Instant> {
        let since = if self.is_serving() { Instant::now() } else { *lock(&self.last) };
        let idle = limits.idle.map(|idle| since + idle);
        idle.into_iter().chain(limits.whole.map(|whole| self.started + whole)).min()
    }
}

/// How long a connection is kept, on the clock on the wall.
#[derive(Clone, Copy)]
struct Limits {
    /// Without requests.
    idle: Option<Duration>,
    whole: Option<Duration>,
    /// From when it is to end.
    drain: Duration,
}

/// Serves requests until the client, the time or the proxy ends the connection.
pub async fn serve<I>(io: I, protocol: Protocol, session: Arc<Session>, manager: Arc<Manager>)
where
    I: Wire + Send + 'static,
{
    manager.stats.connections_total.increment();
    let _held = manager.stats.connections.hold();
    let time = session.shared.runtime.time;
    let limits = Limits {
        idle: manager.idle.map(|idle| time.on_wall(idle)),
        whole: manager.longest_connection.map(|whole| time.on_wall(whole)),
        drain: time.on_wall(manager.drain),
    };
    let service = {
        let session = Arc::clone(&session);
        service_fn(move |request: http::Request<Incoming>| handle(Arc::clone(&session), request))
    };
    match protocol {
        Protocol::Http1 => {
            let mut builder = http1::Builder::new();
            // Those around the connection know how long it may be silent.
            let options = manager.config.http_protocol_options.as_ref();
            builder
                .timer(TokioTimer::new())
                .header_read_timeout(None)
                .preserve_header_case(options.is_some_and(Http1ProtocolOptions::preserves_case))
                .title_case_headers(options.is_some_and(Http1ProtocolOptions::capitalizes))
                .max_buf_size(manager.most_header_bytes.max(1 << 13))
                .max_headers(manager.most_headers)
                .auto_date_header(false);
            let io = CodecErrors::new(io, Arc::clone(&session), manager);
            let connection = builder.serve_connection(TokioIo::new(io), service).with_upgrades();
            Box::pin(drive(connection, |connection| connection.graceful_shutdown(), &session, limits)).await;
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
            if options.is_some_and(|own| own.untyped.get("allow_connect").is_some_and(|allowed| allowed == true)) {
                builder.enable_connect_protocol();
            }
            let connection = builder.serve_connection(TokioIo::new(io), service);
            // Clients are told at once.
            let limits = Limits { drain: Duration::ZERO, ..limits };
            Box::pin(drive(connection, |connection| connection.graceful_shutdown(), &session, limits)).await;
        }
    }
}

/// Runs a connection. When it is to end, it takes requests for a while still, and ends after the last (Envoy 1.40
/// `source/common/http/conn_manager_impl.cc`, `startDrainSequence`); when the proxy stops, it ends at once.
async fn drive<C, E>(connection: C, shut: impl Fn(std::pin::Pin<&mut C>), session: &Session, limits: Limits)
where
    C: Future<Output = Result<(), E>>,
{
    let mut connection = pin!(connection);
    let mut phase = session.shared.phase.subscribe();
    let mut ending = session.ending.subscribe();
    let mut timer = pin!(sleep_until(session.until(limits)));
    let mut is_shut = false;
    if *phase.borrow_and_update() == Phase::Draining {
        is_shut = true;
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
                is_shut = true;
                shut(connection.as_mut());
            }
            // The session has the sender.
            _ = ending.changed(), if !is_shut => timer.as_mut().reset(Instant::now() + limits.drain),
            () = timer.as_mut(), if !is_shut => {
                let until = session.until(limits).filter(|until| *until > Instant::now());
                if session.is_ending() {
                    is_shut = true;
                    shut(connection.as_mut());
                } else if let Some(until) = until {
                    timer.as_mut().reset(until);
                } else {
                    session.ending.send_replace(true);
                }
            }
        }
    }
}

fn sleep_until(until: Option<Instant>) -> Sleep {
    until.map_or_else(|| tokio::time::sleep(Duration::MAX), tokio::time::sleep_until)
}

/// Nothing that a request does makes an error of its connection.
pub type Handled = Result<http::Response<super::response::Outgoing>, Infallible>;
