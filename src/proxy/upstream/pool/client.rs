//! One connection, from the side of those who send requests.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};

use hyper::client::conn::{http1, http2};
use tokio::time::Instant;

use crate::proxy::Body;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Http1,
    Http2,
    /// Whichever the upstream chooses by ALPN.
    Negotiated,
}

#[derive(Debug)]
pub(super) struct Client {
    pub sender: Sender,
    pub connection: Arc<Connection>,
}

#[derive(Debug)]
pub(super) enum Sender {
    Http1(http1::SendRequest<Body>),
    Http2(http2::SendRequest<Body>),
}

/// What is counted of a connection.
#[derive(Debug, Default)]
pub(super) struct Connection {
    expires: Option<Instant>,
    served: AtomicU32,
    streams: AtomicUsize,
    /// How many streams the upstream allows at once, as far as it has said.
    pub allowed: AtomicUsize,
    /// Whether it ended because what the upstream sent is not HTTP.
    pub garbled: AtomicBool,
    /// Of HTTP/1: whether the upstream has said anything since the last request.
    pub heard: AtomicBool,
}

impl Client {
    pub fn is_closed(&self) -> bool {
        match &self.sender {
            Sender::Http1(sender) => sender.is_closed(),
            Sender::Http2(sender) => sender.is_closed(),
        }
    }

    pub fn is_multiplexed(&self) -> bool {
        matches!(self.sender, Sender::Http2(_))
    }

    /// Another handle for the same connection, if it can have several.
    pub fn share(&self) -> Option<Self> {
        match &self.sender {
            Sender::Http1(_) => None,
            Sender::Http2(sender) => {
                Some(Self { sender: Sender::Http2(sender.clone()), connection: Arc::clone(&self.connection) })
            }
        }
    }

    pub fn same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.connection, &other.connection)
    }

    /// How many streams the upstream allows at once.
    pub fn peer_limit(&self) -> usize {
        match &self.sender {
            Sender::Http1(_) => 1,
            Sender::Http2(_) => self.connection.allowed.load(Ordering::Relaxed),
        }
    }
}

impl Connection {
    pub fn new(expires: Option<Instant>) -> Arc<Self> {
        Arc::new(Self { expires, ..Self::default() })
    }

    pub fn begin(&self) {
        self.served.fetch_add(1, Ordering::Relaxed);
        self.streams.fetch_add(1, Ordering::Relaxed);
    }

    pub fn end(&self) {
        self.streams.fetch_sub(1, Ordering::Relaxed);
    }

    pub fn streams(&self) -> usize {
        self.streams.load(Ordering::Relaxed)
    }

    pub fn served(&self) -> u32 {
        self.served.load(Ordering::Relaxed)
    }

    pub fn is_expired(&self) -> bool {
        self.expires.is_some_and(|expires| expires <= Instant::now())
    }
}
