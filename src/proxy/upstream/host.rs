//! One endpoint of a cluster.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::Instant;

use crate::envoy::core::{HealthStatus, Locality, Metadata};
use crate::proxy::per_worker::lock;

use super::outlier::{Monitor, Outcome, Rate};
use super::pool::Pools;
use super::transport::Transport;

/// An endpoint, with what is known of it since it was added.
#[derive(Debug)]
pub struct Host {
    pub address: Address,
    /// What the configuration calls it, if it is found by DNS.
    pub hostname: String,
    pub weight: u32,
    pub priority: u32,
    pub locality: Arc<Locality>,
    pub metadata: Option<Arc<Metadata>>,
    pub health: HealthStatus,
    /// By outlier detection.
    pub(super) ejected: AtomicBool,
    /// By active health checks; without any, it does.
    passes_checks: AtomicBool,
    was_asked: AtomicBool,
    pub stats: Arc<HostStats>,
    /// Since when it may be chosen: for slow start.
    healthy_since: Mutex<Instant>,
    pub(super) monitor: Monitor,
    pub(super) transport: Transport,
    pub(super) pools: Pools,
}

/// Where a host listens.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Address {
    Socket(SocketAddr),
    Pipe(PathBuf),
}

/// What `/clusters` shows of a host.
#[derive(Debug, Default)]
pub struct HostStats {
    pub cx_active: AtomicU64,
    pub cx_connect_fail: AtomicU64,
    pub cx_total: AtomicU64,
    pub rq_active: AtomicU64,
    pub rq_error: AtomicU64,
    pub rq_pending_active: AtomicU64,
    pub rq_success: AtomicU64,
    pub rq_timeout: AtomicU64,
    pub rq_total: AtomicU64,
}

impl Host {
    pub(super) fn new(address: Address, workers: usize) -> Self {
        Self {
            address,
            hostname: String::new(),
            weight: 1,
            priority: 0,
            locality: Arc::default(),
            metadata: None,
            health: HealthStatus::default(),
            ejected: AtomicBool::new(false),
            passes_checks: AtomicBool::new(true),
            was_asked: AtomicBool::new(false),
            stats: Arc::default(),
            healthy_since: Mutex::new(Instant::now()),
            monitor: Monitor::default(),
            transport: Transport::default(),
            pools: Pools::new(workers),
        }
    }

    pub(super) fn at(address: SocketAddr, workers: usize) -> Self {
        Self::new(Address::Socket(address), workers)
    }

    /// Whether it may be chosen while there is no panic.
    pub fn is_healthy(&self) -> bool {
        let unhealthy = matches!(self.health, HealthStatus::Unhealthy | HealthStatus::Draining | HealthStatus::Timeout);
        !unhealthy && !self.is_ejected() && self.passes_checks()
    }

    pub fn passes_checks(&self) -> bool {
        self.passes_checks.load(Ordering::Relaxed)
    }

    /// Whether a health check has had an answer, or has waited for one.
    pub(super) fn was_asked(&self) -> bool {
        self.was_asked.load(Ordering::Relaxed)
    }

    /// What a health check has found. Whether that is new.
    pub(super) fn take_check(&self, passes: bool) -> bool {
        self.was_asked.store(true, Ordering::Relaxed);
        self.set_checks(passes)
    }

    pub(super) fn set_checks(&self, passes: bool) -> bool {
        let is_new = self.passes_checks.swap(passes, Ordering::Relaxed) != passes;
        if is_new && passes {
            *lock(&self.healthy_since) = Instant::now();
        }
        is_new
    }

    /// The percentage of successes in the last interval of outlier detection, if there were enough requests: in what it
    /// answered, and in what is seen here.
    pub fn success_rates(&self) -> [Option<f64>; 2] {
        [&self.monitor.external, &self.monitor.local].map(Rate::told)
    }

    /// Whether its connections begin with who the client is, by the PROXY protocol.
    pub fn tells_origin(&self) -> bool {
        self.transport.proxy_protocol.is_some()
    }

    /// How long ago it was added, or became healthy, on the clock on the wall.
    pub(super) fn healthy_for(&self) -> Duration {
        lock(&self.healthy_since).elapsed()
    }

    /// Whether outlier detection keeps it from being chosen.
    pub fn is_ejected(&self) -> bool {
        self.ejected.load(Ordering::Relaxed)
    }

    /// What it is hashed by: metadata may say it (`source/extensions/load_balancing_policies/common/thread_aware_lb_impl.h`,
    /// `hashKey`).
    pub(super) fn hash_key(&self, by_hostname: bool) -> String {
        let metadata = self.metadata.as_ref().and_then(|metadata| metadata.filter_metadata.get("envoy.lb"));
        match metadata.and_then(|metadata| metadata.get("hash_key")?.as_str()) {
            Some(key) if !key.is_empty() => key.to_owned(),
            _ if by_hostname => self.hostname.clone(),
            _ => self.address.to_string(),
        }
    }

    /// Whether the configuration says the same of both.
    pub(super) fn is_same_as(&self, other: &Self) -> bool {
        self.address == other.address
            && self.hostname == other.hostname
            && (self.weight, self.priority, self.health) == (other.weight, other.priority, other.health)
            && self.locality == other.locality
            && self.metadata == other.metadata
            && self.transport.is_same_as(&other.transport)
    }

    pub fn socket(&self) -> Option<SocketAddr> {
        match &self.address {
            Address::Socket(address) => Some(*address),
            Address::Pipe(_) => None,
        }
    }
}

/// A request that waits for a connection, until it is dropped.
pub(super) struct Waiting<'h>(&'h HostStats);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.rq_pending_active.fetch_sub(1, Ordering::Relaxed);
    }
}

impl HostStats {
    pub(super) fn wait(&self) -> Waiting<'_> {
        self.rq_pending_active.fetch_add(1, Ordering::Relaxed);
        Waiting(self)
    }

    pub(super) fn count_request(&self) {
        self.rq_total.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn is_connected(&self) -> bool {
        self.cx_active.load(Ordering::Relaxed) > 0
    }

    /// (`source/common/router/router.cc`, `handleNon5xxResponseHeaders` and `chargeUpstreamAbort`)
    pub(super) fn count(&self, outcome: Outcome) {
        let counter = match outcome {
            Outcome::Response(status) if status.is_server_error() => &self.rq_error,
            Outcome::Response(_) => &self.rq_success,
            Outcome::TimedOut => &self.rq_timeout,
            Outcome::NotConnected | Outcome::Reset => &self.rq_error,
            Outcome::Connected | Outcome::ConnectedFinally => return,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Socket(address) => address.fmt(f),
            Address::Pipe(path) => path.display().fmt(f),
        }
    }
}
