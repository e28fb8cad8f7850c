//! Counters, gauges and histograms with Envoy's names.
//!
//! A metric is looked up once, when what it counts is set up; counting is one relaxed atomic addition.

mod cluster;
mod histogram;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

pub use cluster::ClusterStats;
pub use histogram::Histogram;

use super::per_worker::lock;

/// All metrics of a proxy, by name.
#[derive(Debug, Default)]
pub struct Stats(Mutex<BTreeMap<String, Metric>>);

/// One metric, as it is printed.
#[derive(Clone, Debug)]
pub struct Metric {
    pub scope: Arc<Scope>,
    /// What follows the scope in the name: `upstream_rq_2xx`.
    pub name: String,
    pub value: Value,
}

#[derive(Clone, Debug)]
pub enum Value {
    Counter(Counter),
    Gauge(Gauge),
    Histogram(Arc<Histogram>),
}

/// What metrics belong to. Its name is a label in Prometheus' format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// `cluster.NAME.`
    Cluster(String),
    /// `listener.ADDRESS.`
    Listener(String),
    /// `http.PREFIX.`: an HTTP connection manager.
    Http(String),
    /// `tcp.PREFIX.`: a TCP proxy.
    Tcp(String),
    /// Anything else, whole: `server`, `listener_manager`.
    Other(String),
}

impl Scope {
    /// Envoy writes `_` for `:` in names, which separates otherwise (`source/common/stats/utility.cc`, `sanitizeStatsName`).
    pub fn prefix(&self) -> String {
        match self {
            Scope::Cluster(name) => format!("cluster.{name}"),
            Scope::Listener(address) => format!("listener.{address}"),
            Scope::Http(prefix) => format!("http.{prefix}"),
            Scope::Tcp(prefix) => format!("tcp.{prefix}"),
            Scope::Other(name) => name.clone(),
        }
        .replace(':', "_")
    }
}

impl Stats {
    pub fn scope(&self, scope: Scope) -> Scoped<'_> {
        Scoped { prefix: scope.prefix(), scope: Arc::new(scope), stats: self }
    }

    pub fn cluster(&self, name: &str) -> Scoped<'_> {
        self.scope(Scope::Cluster(name.to_owned()))
    }

    pub fn listener(&self, address: &str) -> Scoped<'_> {
        self.scope(Scope::Listener(address.to_owned()))
    }

    pub fn http(&self, prefix: &str) -> Scoped<'_> {
        self.scope(Scope::Http(prefix.to_owned()))
    }

    pub fn tcp(&self, prefix: &str) -> Scoped<'_> {
        self.scope(Scope::Tcp(prefix.to_owned()))
    }

    /// Every metric with its full name, sorted by it.
    pub fn all(&self) -> Vec<(String, Metric)> {
        lock(&self.0).iter().map(|(name, metric)| (name.clone(), metric.clone())).collect()
    }
}

/// Where metrics of one scope are made. The same name gives the same metric.
#[derive(Clone, Debug)]
pub struct Scoped<'s> {
    prefix: String,
    scope: Arc<Scope>,
    stats: &'s Stats,
}

impl Scoped<'_> {
    pub fn counter(&self, name: &str) -> Counter {
        match self.metric(name, || Value::Counter(Counter::default())) {
            Value::Counter(counter) => counter,
            _ => Counter::default(),
        }
    }

    pub fn gauge(&self, name: &str) -> Gauge {
        match self.metric(name, || Value::Gauge(Gauge::default())) {
            Value::Gauge(gauge) => gauge,
            _ => Gauge::default(),
        }
    }

    pub fn histogram(&self, name: &str) -> Arc<Histogram> {
        match self.metric(name, || Value::Histogram(Arc::default())) {
            Value::Histogram(histogram) => histogram,
            _ => Arc::default(),
        }
    }

    fn metric(&self, name: &str, make: impl FnOnce() -> Value) -> Value {
        let full = format!("{}.{name}", self.prefix);
        let mut metrics = lock(&self.stats.0);
        let new = || Metric { scope: Arc::clone(&self.scope), name: name.to_owned(), value: make() };
        metrics.entry(full).or_insert_with(new).value.clone()
    }
}

#[derive(Clone, Debug, Default)]
pub struct Counter(Arc<AtomicU64>);

impl Counter {
    pub fn increment(&self) {
        self.add(1);
    }

    pub fn add(&self, amount: u64) {
        self.0.fetch_add(amount, Ordering::Relaxed);
    }

    pub fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

#[derive(Clone, Debug, Default)]
pub struct Gauge(Arc<AtomicI64>);

impl Gauge {
    pub fn increment(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub fn decrement(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }

    pub fn set(&self, value: i64) {
        self.0.store(value, Ordering::Relaxed);
    }

    pub fn value(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Counts one more until the guard is dropped.
    pub fn hold(&self) -> Held {
        self.increment();
        Held(self.clone())
    }
}

/// One that a [`Gauge`] counts.
#[derive(Debug)]
pub struct Held(Gauge);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.decrement();
    }
}
