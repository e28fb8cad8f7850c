//! What is counted of one host.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use crate::proxy::per_worker::lock;

/// Counters of errors in a row, and of all requests since the last interval.
#[derive(Debug, Default)]
pub struct Monitor {
    pub consecutive_5xx: AtomicU32,
    pub consecutive_gateway: AtomicU32,
    pub consecutive_local: AtomicU32,
    /// What the upstream answers.
    pub external: Rate,
    /// What the proxy itself sees: whether connections can be made, and time.
    pub local: Rate,
    pub ejection: Mutex<Ejection>,
}

/// Requests of the interval under way, and of the one before.
#[derive(Debug, Default)]
pub struct Rate {
    current: Bucket,
    last: Bucket,
    /// The percentage of the last interval, if there were enough requests.
    told: Mutex<Option<f64>>,
}

#[derive(Debug, Default)]
struct Bucket {
    all: AtomicU64,
    successes: AtomicU64,
}

/// The history of a host. Times are of the cluster's own clock.
#[derive(Clone, Debug, Default)]
pub struct Ejection {
    pub count: u64,
    /// By which the base time is multiplied.
    pub factor: u32,
    pub jitter: Duration,
    pub ejected_at: Option<Duration>,
    pub returned_at: Option<Duration>,
}

impl Rate {
    pub fn count(&self, success: bool) {
        self.current.all.fetch_add(1, Ordering::Relaxed);
        if success {
            self.current.successes.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub fn end_interval(&self) {
        self.last.all.store(self.current.all.swap(0, Ordering::Relaxed), Ordering::Relaxed);
        self.last.successes.store(self.current.successes.swap(0, Ordering::Relaxed), Ordering::Relaxed);
        self.tell(None);
    }

    pub fn tell(&self, rate: Option<f64>) {
        *lock(&self.told) = rate;
    }

    pub fn told(&self) -> Option<f64> {
        *lock(&self.told)
    }

    /// The percentage of successes, and of how many, in the last interval that ended.
    pub fn of_last_interval(&self) -> Option<(f64, u64)> {
        let all = self.last.all.load(Ordering::Relaxed);
        let successes = self.last.successes.load(Ordering::Relaxed);
        (all > 0).then(|| (successes as f64 * 100.0 / all as f64, all))
    }
}

impl Monitor {
    pub fn forget_errors(&self) {
        for counter in [&self.consecutive_5xx, &self.consecutive_gateway, &self.consecutive_local] {
            counter.store(0, Ordering::Relaxed);
        }
    }
}
