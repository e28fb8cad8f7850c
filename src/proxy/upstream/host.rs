//! One endpoint of a cluster.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::envoy::core::{HealthStatus, Locality, Metadata};

use super::outlier::{Monitor, Outcome};
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
    pub stats: Arc<HostStats>,
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
            stats: Arc::default(),
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
        !unhealthy && !self.is_ejected()
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

impl HostStats {
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
