//! The test proxy: listens, and does with connections and requests what the configuration that `render` prints says, as
//! Envoy 1.40 does it. What it decides, [`trace`](crate::trace) decides; here is what takes time: sockets, TLS, HTTP,
//! load balancing, retries.

mod about;
mod access_log;
mod admin;
mod body;
mod clock;
mod dice;
pub mod echo;
mod grpc;
mod http;
mod keys;
mod listen;
pub mod load;
pub mod mesh;
mod note;
mod per_worker;
mod record;
mod runtime;
mod shared;
mod snapshot;
mod stats;
mod substitution;
mod tcp;
mod time;
mod tls;
mod unread;
mod upstream;
mod wire;

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;

pub use body::{Body, BodyError};
pub use note::Note;
pub use runtime::Runtime;

use crate::envoy::bootstrap::Bootstrap;
use crate::envoy::core::Address;

use about::About;
use listen::Listening;
use shared::{Phase, Shared};
use snapshot::Snapshot;

/// How a proxy runs, beyond its configuration.
#[derive(Clone, Debug)]
pub struct Options {
    /// Makes every random choice the same in each run.
    pub seed: Option<u64>,
    /// What a second of the configuration is here: with 0.01, an ejection of 30 s lasts 0.3 s.
    pub time_scale: f64,
    /// Threads that serve, each with a runtime of its own. 0: the runtime that [`Proxy::start`] is called in.
    pub workers: usize,
}

/// A proxy to be started.
pub struct Proxy;

/// A proxy that serves. Dropping it stops it at once.
#[derive(Debug)]
pub struct Running {
    shared: Arc<Shared>,
    listening: Arc<Listening>,
    workers: Workers,
    admin: Option<Admin>,
    /// One reload at a time.
    reloading: Mutex<()>,
}

/// The admin interface.
#[derive(Debug)]
struct Admin {
    address: SocketAddr,
    task: AbortHandle,
}

impl Drop for Admin {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A listener and where it is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    pub name: String,
    /// With the port that the operating system chose, if the configuration leaves that to it.
    pub address: SocketAddr,
}

/// Why a proxy cannot start, or cannot take a new configuration. What was in force stays in force.
#[derive(Debug)]
pub enum Error {
    Bind {
        listener: String,
        address: SocketAddr,
        source: io::Error,
    },
    /// The operating system gives no thread, or no socket.
    Accept(io::Error),
    Invalid(Note),
}

impl Default for Options {
    fn default() -> Self {
        Self { seed: None, time_scale: 1.0, workers: 0 }
    }
}

impl Proxy {
    /// Binds all listeners and serves. The sockets accept when this returns.
    pub async fn start(bootstrap: Bootstrap, options: Options) -> Result<Running, Error> {
        let runtime = Runtime::new(options.seed, options.time_scale, options.workers.max(1));
        let snapshot = Snapshot::new(bootstrap, &runtime, None).map_err(Error::Invalid)?;
        let mut running = Running {
            workers: Workers::start(options.workers)?,
            shared: Arc::new(Shared::new(snapshot, runtime)),
            listening: Arc::default(),
            admin: None,
            reloading: Mutex::new(()),
        };
        let snapshot = running.shared.current();
        snapshot.clusters.warm(running.shared.runtime.time).await;
        keys::fetch_all(&snapshot, None, running.shared.runtime.time).await;
        running.listen(&snapshot)?;
        running.admin = running.serve_admin(&snapshot)?;
        Ok(running)
    }
}

impl Running {
    /// In the order of the configuration.
    pub fn listeners(&self) -> Vec<Bound> {
        self.listening.bound(&self.shared.current().listeners)
    }

    /// Where the admin interface is reached, if it is configured.
    pub fn admin(&self) -> Option<SocketAddr> {
        self.admin.as_ref().map(|admin| admin.address)
    }

    /// The admin interface stays where it is, whatever later configurations say of it.
    fn serve_admin(&self, snapshot: &Snapshot) -> Result<Option<Admin>, Error> {
        let configured = snapshot.bootstrap.admin.as_ref().and_then(|admin| admin.address.as_ref());
        let Some(wanted) = configured.and_then(Address::socket_address) else { return Ok(None) };
        let failed = |source| Error::bind(("admin".into(), wanted, source));
        let socket = listen::bind(wanted).map_err(failed)?;
        let address = socket.local_addr().map_err(failed)?;
        let facts = Arc::new(About::new(&self.shared, &self.listening));
        let runtime = &self.workers.handles[0];
        let _entered = runtime.enter();
        let listener = TcpListener::from_std(socket).map_err(failed)?;
        let task = runtime.spawn(admin::serve(listener, facts)).abort_handle();
        Ok(Some(Admin { address, task }))
    }

    /// What the configuration in force asks for that is not executed.
    pub fn notes(&self) -> Vec<Note> {
        self.shared.current().notes.clone()
    }

    /// Puts another configuration in force. Connections stay; requests that come later on them are served by it. What it
    /// asks for that is not executed is returned.
    pub async fn reload(&self, bootstrap: Bootstrap) -> Result<Vec<Note>, Error> {
        let _one = per_worker::lock(&self.reloading);
        let before = self.shared.current();
        let snapshot = Snapshot::new(bootstrap, &self.shared.runtime, Some(&before)).map_err(Error::Invalid)?;
        let ready = self.listening.prepare(&snapshot.listeners).map_err(Error::bind)?;
        self.shared.replace(snapshot);
        let current = self.shared.current();
        drop(keys::fetch_all(&current, Some(&before), self.shared.runtime.time));
        let accepting = self.listening.accept(ready, &current.listeners, &self.shared, &self.workers.handles);
        accepting.map_err(Error::Accept)?;
        Ok(current.notes.clone())
    }

    fn listen(&self, snapshot: &Snapshot) -> Result<(), Error> {
        let ready = self.listening.prepare(&snapshot.listeners).map_err(Error::bind)?;
        let accepting = self.listening.accept(ready, &snapshot.listeners, &self.shared, &self.workers.handles);
        accepting.map_err(Error::Accept)
    }

    /// Accepts no more connections, and closes each one after the request that it serves. Returns when all are closed.
    pub async fn drain(&self) {
        const PAUSE: Duration = Duration::from_millis(5);
        self.shared.advance(Phase::Draining);
        self.listening.close();
        while self.shared.open_connections() > 0 {
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Closes everything.
    pub async fn stop(self) {
        const PAUSE: Duration = Duration::from_millis(1);
        const PATIENCE: u32 = 1000;
        self.shared.advance(Phase::Stopped);
        self.listening.close();
        for _ in 0..PATIENCE {
            if self.shared.open_connections() == 0 {
                break;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.shared.advance(Phase::Stopped);
        self.listening.close();
    }
}

/// Threads that serve, each with an event loop of its own.
#[derive(Debug)]
struct Workers {
    handles: Vec<Handle>,
    /// The threads end when this is dropped.
    _end: Vec<tokio::sync::oneshot::Sender<()>>,
}

impl Workers {
    /// Without threads of its own, the proxy runs where it is started.
    fn start(count: usize) -> Result<Self, Error> {
        if count == 0 {
            return Ok(Self { handles: vec![Handle::current()], _end: Vec::new() });
        }
        let (mut handles, mut ends) = (Vec::new(), Vec::new());
        for index in 0..count {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Error::Accept)?;
            handles.push(runtime.handle().clone());
            let (end, ended) = tokio::sync::oneshot::channel();
            let thread = std::thread::Builder::new().name(format!("proxy-{index}"));
            // An error of the channel says that the proxy was dropped.
            let serve = move || drop(runtime.block_on(ended));
            thread.spawn(serve).map_err(Error::Accept)?;
            ends.push(end);
        }
        Ok(Self { handles, _end: ends })
    }
}

impl Error {
    fn bind((listener, address, source): (Arc<str>, SocketAddr, io::Error)) -> Self {
        Error::Bind { listener: listener.to_string(), address, source }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Bind { listener, address, .. } => write!(f, "listener `{listener}` cannot listen at {address}"),
            Error::Accept(_) => f.write_str("the operating system does not give what the proxy needs"),
            Error::Invalid(note) => note.fmt(f),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Bind { source, .. } | Error::Accept(source) => Some(source),
            Error::Invalid(_) => None,
        }
    }
}
