//! What many proxies are told alike is made once.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex};

use rustc_hash::FxBuildHasher;

use crate::envoy::cluster::Cluster;
use crate::envoy::endpoint::ClusterLoadAssignment;

use super::clusters::ClustersKey;
use super::endpoints::AssignmentKey;

/// The parts of configurations that differ only by a few properties of the proxy, which are their keys.
#[derive(Default)]
pub(super) struct Shared {
    /// Of a port of a service: that of all endpoints, then those of the subsets.
    pub clusters: Memo<ClustersKey, Arc<[Arc<Cluster>]>>,
    pub assignments: Memo<AssignmentKey, Arc<ClusterLoadAssignment>>,
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
