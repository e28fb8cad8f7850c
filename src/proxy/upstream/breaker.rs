//! Circuit breakers: how much of everything a cluster may have at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::envoy::cluster::{Cluster, Thresholds};
use crate::envoy::core::RoutingPriority;

/// The limits of one routing priority.
#[derive(Clone, Debug)]
pub struct Breakers {
    pub connections: Resource,
    pub pending: Resource,
    pub requests: Resource,
    pub retries: Resource,
}

/// Something of which there may only be so much.
#[derive(Clone, Debug)]
pub struct Resource(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    limit: u64,
    used: AtomicU64,
}

/// One of a [`Resource`], until it is dropped.
#[derive(Debug)]
pub struct Permit(Resource);

impl Breakers {
    /// What is not configured has Envoy's defaults (`source/common/upstream/upstream_impl.cc`, `ResourceManagers::load`).
    pub fn new(cluster: &Cluster, priority: RoutingPriority) -> Self {
        let thresholds = cluster.circuit_breakers.iter().flat_map(|breakers| &breakers.thresholds);
        let own = thresholds.into_iter().find(|thresholds| thresholds.priority == priority);
        let limit =
            |of: fn(&Thresholds) -> Option<u32>, default: u32| Resource::new(own.and_then(of).unwrap_or(default));
        Self {
            connections: limit(|own| own.max_connections, 1024),
            pending: limit(|own| own.max_pending_requests, 1024),
            requests: limit(|own| own.max_requests, 1024),
            retries: limit(|own| own.max_retries, 3),
        }
    }
}

impl Resource {
    pub fn new(limit: u32) -> Self {
        Self(Arc::new(Inner { limit: limit.into(), used: AtomicU64::new(0) }))
    }

    pub fn acquire(&self) -> Option<Permit> {
        let used = self.0.used.fetch_add(1, Ordering::Relaxed);
        let permit = Permit(self.clone());
        (used < self.0.limit).then_some(permit)
    }

    /// Takes one even if there is none left.
    pub fn force(&self) -> Permit {
        self.0.used.fetch_add(1, Ordering::Relaxed);
        Permit(self.clone())
    }

    pub fn used(&self) -> u64 {
        self.0.used.load(Ordering::Relaxed)
    }

    pub fn limit(&self) -> u64 {
        self.0.limit
    }

    pub fn is_open(&self) -> bool {
        self.used() >= self.0.limit
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.0.used.fetch_sub(1, Ordering::Relaxed);
    }
}
