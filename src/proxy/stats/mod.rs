//! Counters, gauges and histograms with Envoy's names.
//!
//! A metric is looked up once, when what it counts is set up; counting is one relaxed atomic addition.

mod cluster;
mod histogram;
mod print;
mod prometheus;
mod tags;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

pub use cluster::ClusterStats;
pub use histogram::Histogram;
pub use print::{Shown, json, text};
pub use prometheus::prometheus;
pub use tags::Tags;

use super::per_worker::lock;

/// All metrics of a proxy, by scope.
#[derive(Debug, Default)]
pub struct Stats(Mutex<BTreeMap<String, Arc<Entry>>>);

/// The metrics of a scope. A mesh has tens of thousands of them, so names are kept once.
#[derive(Debug)]
struct Entry {
    scope: Scope,
    metrics: Mutex<Vec<(Cow<'static, str>, Value)>>,
}

/// One metric, as it is printed.
#[derive(Clone, Debug)]
pub struct Metric {
    pub scope: Scope,
    /// What follows the scope in the name: `upstream_rq_2xx`.
    pub name: Cow<'static, str>,
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
    /// The same scope gives the same metrics.
    pub fn scope(&self, scope: Scope) -> Scoped {
        let mut scopes = lock(&self.0);
        let new = || Arc::new(Entry { scope: scope.clone(), metrics: Mutex::default() });
        Scoped(Arc::clone(scopes.entry(scope.prefix()).or_insert_with(new)))
    }

    pub fn cluster(&self, name: &str) -> Scoped {
        self.scope(Scope::Cluster(name.to_owned()))
    }

    pub fn listener(&self, address: &str) -> Scoped {
        self.scope(Scope::Listener(address.to_owned()))
    }

    pub fn http(&self, prefix: &str) -> Scoped {
        self.scope(Scope::Http(prefix.to_owned()))
    }

    pub fn tcp(&self, prefix: &str) -> Scoped {
        self.scope(Scope::Tcp(prefix.to_owned()))
    }

    /// Forgets a scope, since what it counted is gone.
    pub fn forget(&self, scope: &Scope) {
        lock(&self.0).remove(&scope.prefix());
    }

    /// Every metric with its full name, sorted by it.
    pub fn all(&self) -> Vec<(String, Metric)> {
        let mut all = Vec::new();
        for (prefix, entry) in lock(&self.0).iter() {
            for (name, value) in lock(&entry.metrics).iter() {
                let metric = Metric { scope: entry.scope.clone(), name: name.clone(), value: value.clone() };
                all.push((format!("{prefix}.{name}"), metric));
            }
        }
        all.sort_by(|(one, _), (other, _)| one.cmp(other));
        all
    }
}

/// Where metrics of one scope are made. The same name gives the same metric.
#[derive(Clone, Debug)]
pub struct Scoped(Arc<Entry>);

impl Scoped {
    pub fn counter(&self, name: impl Into<Cow<'static, str>>) -> Counter {
        match self.metric(name.into(), || Value::Counter(Counter::default())) {
            Value::Counter(counter) => counter,
            _ => Counter::default(),
        }
    }

    pub fn gauge(&self, name: impl Into<Cow<'static, str>>) -> Gauge {
        match self.metric(name.into(), || Value::Gauge(Gauge::default())) {
            Value::Gauge(gauge) => gauge,
            _ => Gauge::default(),
        }
    }

    pub fn histogram(&self, name: impl Into<Cow<'static, str>>) -> Arc<Histogram> {
        match self.metric(name.into(), || Value::Histogram(Arc::default())) {
            Value::Histogram(histogram) => histogram,
            _ => Arc::default(),
        }
    }

    fn metric(&self, name: Cow<'static, str>, make: impl FnOnce() -> Value) -> Value {
        let mut metrics = lock(&self.0.metrics);
        if let Some((_, value)) = metrics.iter().find(|(own, _)| *own == name) {
            return value.clone();
        }
        let value = make();
        metrics.push((name, value.clone()));
        value
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
