//! One endpoint of a cluster.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::envoy::core::{HealthStatus, Locality, Metadata};

use super::pool::Pools;

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

/// What is done to the bytes of a connection.
#[derive(Clone, Debug, Default)]
pub(super) struct Transport;

impl Transport {
    pub fn is_secure(&self) -> bool {
        false
    }
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
            transport: Transport,
            pools: Pools::new(workers),
        }
    }

    pub(super) fn at(address: SocketAddr, workers: usize) -> Self {
        Self::new(Address::Socket(address), workers)
    }

    /// Whether it may be chosen while there is no panic.
    pub fn is_healthy(&self) -> bool {
        let unhealthy = matches!(self.health, HealthStatus::Unhealthy | HealthStatus::Draining | HealthStatus::Timeout);
        !unhealthy && !self.ejected.load(Ordering::Relaxed)
    }

    pub fn socket(&self) -> Option<SocketAddr> {
        match &self.address {
            Address::Socket(address) => Some(*address),
            Address::Pipe(_) => None,
        }
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
