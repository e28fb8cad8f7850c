//! Circuit breakers: how much of everything a cluster may have at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::envoy::cluster::{Cluster, Thresholds};
use crate::envoy::core::RoutingPriority;
use crate::proxy::stats::{Gauge, Scoped};

/// The limits of one routing priority.
#[derive(Debug)]
pub struct Breakers {
    pub connections: Resource,
    pub pending: Resource,
    pub requests: Resource,
    retries: Resource,
    budget: Option<Budget>,
}

/// Retries as a part of what is under way.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Budget {
    percent: f64,
    least: u64,
}

/// Something of which there may only be so much.
#[derive(Clone, Debug)]
pub struct Resource(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    limit: u64,
    used: AtomicU64,
    /// 1 while nothing is left.
    open: Gauge,
    /// What is left, if that is tracked.
    left: Option<Gauge>,
}

/// One of a [`Resource`], until it is dropped.
#[derive(Debug)]
pub struct Permit(Resource);

impl Breakers {
    /// What is not configured has Envoy's defaults (`source/common/upstream/upstream_impl.cc`, `ResourceManagers::load`).
    pub fn new(cluster: &Cluster, priority: RoutingPriority, scope: &Scoped) -> Self {
        let thresholds = cluster.circuit_breakers.iter().flat_map(|breakers| &breakers.thresholds);
        let own = thresholds.into_iter().find(|thresholds| thresholds.priority == priority);
        let group = if priority == RoutingPriority::High { "high" } else { "default" };
        let remaining = own.is_some_and(|own| own.track_remaining);
        let limit = |of: fn(&Thresholds) -> Option<u32>, default: u32, open: &str, left: &str| {
            let gauge = |name: &str| scope.gauge(format!("circuit_breakers.{group}.{name}"));
            let left = remaining.then(|| gauge(left));
            Resource::new(own.and_then(of).unwrap_or(default), gauge(open), left)
        };
        let budget = own.and_then(|own| own.retry_budget.as_ref()).map(|budget| Budget {
            percent: budget.budget_percent.as_ref().map_or(20.0, |percent| percent.value),
            least: budget.min_retry_concurrency.unwrap_or(3).into(),
        });
        Self {
            connections: limit(|own| own.max_connections, 1024, "cx_open", "remaining_cx"),
            pending: limit(|own| own.max_pending_requests, 1024, "rq_pending_open", "remaining_pending"),
            requests: limit(|own| own.max_requests, 1024, "rq_open", "remaining_rq"),
            retries: limit(|own| own.max_retries, 3, "rq_retry_open", "remaining_retries"),
            budget,
        }
    }

    /// With a budget, that decides and `max_retries` does not
    /// (`source/common/upstream/resource_manager_impl.h`, `RetryBudgetImpl`).
    pub fn retry(&self) -> Option<Permit> {
        let Some(budget) = self.budget else { return self.retries.acquire() };
        let under_way = self.requests.used() + self.pending.used();
        let allowed = ((budget.percent / 100.0 * under_way as f64) as u64).max(budget.least);
        (self.retries.used() < allowed).then(|| self.retries.force())
    }
}

impl Resource {
    fn new(limit: u32, open: Gauge, left: Option<Gauge>) -> Self {
        let resource = Self(Arc::new(Inner { limit: limit.into(), used: AtomicU64::new(0), open, left }));
        resource.show(0);
        resource
    }

    pub fn acquire(&self) -> Option<Permit> {
        let used = self.0.used.fetch_add(1, Ordering::Relaxed);
        if used >= self.0.limit {
            self.0.used.fetch_sub(1, Ordering::Relaxed);
            return None;
        }
        self.show(used + 1);
        Some(Permit(self.clone()))
    }

    /// Takes one even if there is none left.
    pub fn force(&self) -> Permit {
        let used = self.0.used.fetch_add(1, Ordering::Relaxed) + 1;
        self.show(used);
        Permit(self.clone())
    }

    fn show(&self, used: u64) {
        if used >= self.0.limit || used + 1 == self.0.limit {
            self.0.open.set(i64::from(used >= self.0.limit));
        }
        if let Some(left) = &self.0.left {
            left.set(self.0.limit.saturating_sub(used) as i64);
        }
    }

    pub fn used(&self) -> u64 {
        self.0.used.load(Ordering::Relaxed)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let used = self.0.0.used.fetch_sub(1, Ordering::Relaxed) - 1;
        self.0.show(used);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Breakers;
    use crate::envoy::Json;
    use crate::envoy::cluster::Cluster;
    use crate::envoy::core::RoutingPriority;
    use crate::proxy::stats::Stats;

    fn breakers(thresholds: Value, stats: &Stats) -> Breakers {
        let cluster = json!({"name": "c", "circuitBreakers": {"thresholds": [thresholds]}});
        Breakers::new(&Cluster::read(&cluster).unwrap(), RoutingPriority::Default, &stats.cluster("c"))
    }

    #[test]
    fn a_breaker_opens_at_its_limit() {
        let stats = Stats::default();
        let gauge = |name: &str| stats.cluster("c").gauge(format!("circuit_breakers.default.{name}")).value();
        let breakers = breakers(json!({"maxRequests": 2, "trackRemaining": true}), &stats);
        let one = breakers.requests.acquire();
        assert_eq!((gauge("rq_open"), gauge("remaining_rq")), (0, 1));
        let two = breakers.requests.acquire();
        assert!(one.is_some() && two.is_some() && breakers.requests.acquire().is_none());
        assert_eq!((gauge("rq_open"), gauge("remaining_rq")), (1, 0));
        drop(one);
        assert_eq!((gauge("rq_open"), gauge("remaining_rq")), (0, 1));
        assert!(breakers.requests.acquire().is_some());
    }

    #[test]
    fn a_budget_is_a_part_of_what_is_under_way() {
        let breakers =
            breakers(json!({"maxRetries": 1, "retryBudget": {"budgetPercent": {"value": 20.0}}}), &Stats::default());
        let least: Vec<_> = std::iter::from_fn(|| breakers.retry()).collect();
        assert_eq!(least.len(), 3);
        let _requests: Vec<_> = (0..50).map(|_| breakers.requests.acquire()).collect();
        let more: Vec<_> = std::iter::from_fn(|| breakers.retry()).collect();
        assert_eq!(least.len() + more.len(), 10);
    }
}
