//! The test proxy: listens, and does with connections and requests what the configuration that `render` prints says, as
//! Envoy 1.40 does it. What it decides, [`trace`](crate::trace) decides; here is what takes time: sockets, TLS, HTTP,
//! load balancing, retries.

#![allow(dead_code, unused_imports, reason = "not all of it is called yet")]

mod access_log;
mod body;
mod clock;
mod dice;
pub mod echo;
pub mod load;
pub mod mesh;
mod note;
mod per_worker;
mod record;
mod runtime;
mod stats;
mod substitution;
mod time;
mod tls;
mod upstream;

use std::fmt;
use std::io;
use std::net::SocketAddr;

pub use body::{Body, BodyError};
pub use note::Note;
pub use runtime::Runtime;

use crate::envoy::bootstrap::Bootstrap;

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
    listeners: Vec<Bound>,
    admin: Option<SocketAddr>,
    notes: Vec<Note>,
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
    Bind { listener: String, address: String, source: io::Error },
    Invalid(Note),
}

impl Default for Options {
    fn default() -> Self {
        Self { seed: None, time_scale: 1.0, workers: 0 }
    }
}

impl Proxy {
    /// Binds all listeners and serves. The sockets accept when this returns.
    pub async fn start(_bootstrap: Bootstrap, _options: Options) -> Result<Running, Error> {
        Ok(Running { listeners: Vec::new(), admin: None, notes: Vec::new() })
    }
}

impl Running {
    /// In the order of the configuration.
    pub fn listeners(&self) -> &[Bound] {
        &self.listeners
    }

    /// Where the admin interface is reached, if it is configured.
    pub fn admin(&self) -> Option<SocketAddr> {
        self.admin
    }

    /// What the configuration in force asks for that is not executed.
    pub fn notes(&self) -> Vec<Note> {
        self.notes.clone()
    }

    /// Puts another configuration in force. Connections stay; requests that come later on them are served by it.
    pub async fn reload(&self, _bootstrap: Bootstrap) -> Result<Vec<Note>, Error> {
        Ok(Vec::new())
    }

    /// Accepts no more connections, and closes each one after the request that it serves. Returns when all are closed.
    pub async fn drain(&self) {}

    /// Closes everything.
    pub async fn stop(self) {}
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Bind { listener, address, .. } => write!(f, "listener `{listener}` cannot listen at {address}"),
            Error::Invalid(note) => note.fmt(f),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Bind { source, .. } => Some(source),
            Error::Invalid(_) => None,
        }
    }
}
