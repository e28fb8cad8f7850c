//! What many proxies are told alike is made once.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex};

use rustc_hash::FxBuildHasher;

use crate::envoy::cluster::Cluster;
use crate::envoy::endpoint::ClusterLoadAssignment;
use crate::envoy::route::RouteConfiguration;

use super::Context;
use super::clusters::ClustersKey;
use super::endpoints::AssignmentKey;
use super::provenance::{Places, take_places};
use super::settings::ProxyHeaders;

/// The parts of configurations that differ only by a few properties of the proxy, which are their keys.
#[derive(Default)]
pub(super) struct Shared {
    /// Of a port of a service: that of all endpoints, then those of the subsets.
    pub clusters: Memo<ClustersKey, Arc<[Arc<Cluster>]>>,
    pub assignments: Memo<AssignmentKey, Arc<ClusterLoadAssignment>>,
    pub routes: Latest<RoutesKey, Routes>,
}

/// The route configurations of a proxy.
#[derive(Clone)]
pub(super) struct Routes {
    pub configurations: Vec<Arc<RouteConfiguration>>,
    /// Where they come from; `None` while that is still noted in them.
    pub places: Option<Arc<Places>>,
}

impl Routes {
    pub fn noted(configurations: Vec<RouteConfiguration>) -> Self {
        Self { configurations: configurations.into_iter().map(Arc::new).collect(), places: None }
    }

    pub fn collected(mut self) -> Self {
        self.places = Some(take_places(&mut self.configurations).into());
        self
    }
}

/// What the routes of a sidecar depend on.
#[derive(Clone, PartialEq)]
pub(super) struct RoutesKey {
    /// Tells the namespace, too.
    scope: usize,
    /// If VirtualServices or DestinationRules tell proxies apart by them.
    labels: Option<Vec<(String, String)>>,
    headers: ProxyHeaders,
    ipv6: bool,
    names: Vec<String>,
}

impl RoutesKey {
    pub fn new(context: &Context<'_, '_>, names: &[String]) -> Self {
        let proxy = context.proxy;
        let labels =
            || proxy.labels.iter().map(|(key, value)| (key.value.to_owned(), value.value.to_owned())).collect();
        Self {
            scope: address(Some(&*context.scope)),
            labels: context.push.routes_differ_by_labels.then(labels),
            headers: proxy.settings.headers.clone(),
            ipv6: proxy.is_ipv6(),
            names: names.to_vec(),
        }
    }
}

/// What was made last. Proxies that are alike come one after another; to keep what all kinds of them have would take a
/// hundred megabytes for each namespace of a large mesh.
pub(super) struct Latest<K, V>(Mutex<Option<(K, V)>>);

impl<K, V> Default for Latest<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: PartialEq, V: Clone> Latest<K, V> {
    pub fn get_or_make(&self, key: K, make: impl FnOnce() -> V) -> V {
        let lock = || self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some((_, found)) = lock().as_ref().filter(|(own, _)| *own == key) {
            return found.clone();
        }
        // What is there is dropped before the next is made, so that there are not both.
        *lock() = None;
        let made = make();
        *lock() = Some((key, made.clone()));
        made
    }
}

pub(super) struct Memo<K, V>(Mutex<HashMap<K, V, FxBuildHasher>>);

impl<K, V> Default for Memo<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash, V: Clone> Memo<K, V> {
    /// What was made for the key before. Two threads may both make it; then one of the two stays.
    pub fn get_or_make(&self, key: K, make: impl FnOnce() -> V) -> V {
        if let Some(found) = self.lock().get(&key) {
            return found.clone();
        }
        let made = make();
        self.lock().entry(key).or_insert(made).clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<K, V, FxBuildHasher>> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// Identifies a value that lives as long as the translator.
pub(super) fn address<T>(value: Option<&T>) -> usize {
    value.map_or(0, |value| std::ptr::from_ref(value).addr())
}
