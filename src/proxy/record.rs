//! What is known of a connection and of a request on it: for access logs, and for headers that quote it.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use http::HeaderMap;
use tokio::time::Instant;

use crate::envoy::cluster::Cluster;
use crate::trace::{Metadata, Request};

use super::tls::Certificate;

/// A client's connection.
#[derive(Clone, Debug)]
pub struct Client {
    /// Counts connections.
    pub id: u64,
    /// What the client connects to.
    pub local: SocketAddr,
    /// The same, if something before this proxy tells where the client wanted to go: the PROXY protocol.
    pub original: Option<SocketAddr>,
    /// Who connects: as the PROXY protocol says, where it is in use.
    pub peer: SocketAddr,
    /// Who really connects.
    pub direct: SocketAddr,
    pub server_name: Option<String>,
    pub listener: Arc<str>,
    pub chain: Arc<str>,
    /// `None` for plain text.
    pub tls: Option<ClientTlsFacts>,
}

/// What TLS tells of a client.
#[derive(Clone, Debug, Default)]
pub struct ClientTlsFacts {
    /// `TLSv1.3`
    pub version: &'static str,
    pub cipher: &'static str,
    /// The client's certificate, if it has shown one.
    pub peer: Option<Certificate>,
    /// The proxy's.
    pub own: Option<Certificate>,
}

/// A request, or a connection that is not HTTP, from its beginning to its end.
#[derive(Clone, Debug)]
pub struct Record {
    pub client: Arc<Client>,
    pub start: SystemTime,
    pub started: Instant,
    /// `None` for what is not HTTP.
    pub protocol: Option<&'static str>,
    /// As it was sent to the upstream, or as far as it came.
    pub request: Option<Request>,
    /// Who asks, as far as proxies before this one are trusted.
    pub remote: SocketAddr,
    /// 0 if there was no response.
    pub status: u16,
    pub response: HeaderMap,
    pub trailers: HeaderMap,
    pub flags: Flags,
    pub details: Option<Cow<'static, str>>,
    /// Why the connection was ended, if a filter did that.
    pub termination: Option<String>,
    pub route_name: String,
    pub cluster: Option<String>,
    /// What logs call it: its `alt_stat_name`, if it has one.
    pub cluster_title: Option<String>,
    pub upstream: Option<SocketAddr>,
    pub upstream_local: Option<SocketAddr>,
    pub upstream_failure: Option<String>,
    pub attempts: u32,
    pub metadata: Metadata,
    pub received: Arc<AtomicU64>,
    pub sent: Arc<AtomicU64>,
    /// When things happened, since the start.
    pub request_read: Option<Duration>,
    pub request_sent: Option<Duration>,
    pub response_begun: Option<Duration>,
    pub ended: Option<Duration>,
    /// What a local reply says.
    pub local_body: String,
}

/// Response flags of Envoy's access log, in the order in which they were raised.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flags(Vec<&'static str>);

impl Flags {
    pub fn raise(&mut self, flag: &'static str) {
        if !self.0.contains(&flag) {
            self.0.push(flag);
        }
    }

    pub fn has(&self, flag: &str) -> bool {
        self.0.contains(&flag)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `URX,UF`, or `-`.
    pub fn text(&self) -> String {
        if self.0.is_empty() { "-".to_owned() } else { self.0.join(",") }
    }
}

impl Record {
    pub fn new(client: Arc<Client>, protocol: Option<&'static str>) -> Self {
        Self {
            remote: client.peer,
            client,
            start: SystemTime::now(),
            started: Instant::now(),
            protocol,
            request: None,
            status: 0,
            response: HeaderMap::new(),
            trailers: HeaderMap::new(),
            flags: Flags::default(),
            details: None,
            termination: None,
            route_name: String::new(),
            cluster: None,
            cluster_title: None,
            upstream: None,
            upstream_local: None,
            upstream_failure: None,
            attempts: 0,
            metadata: Metadata::new(),
            received: Arc::default(),
            sent: Arc::default(),
            request_read: None,
            request_sent: None,
            response_begun: None,
            ended: None,
            local_body: String::new(),
        }
    }

    pub fn name_cluster(&mut self, cluster: &Cluster) {
        self.cluster = Some(cluster.name.clone());
        self.cluster_title = Some(cluster.alt_stat_name.clone()).filter(|title| !title.is_empty());
    }

    pub fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }
}
