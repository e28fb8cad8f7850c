//! All clusters of a configuration.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::envoy::cluster::Cluster;
use crate::proxy::Note;
use crate::proxy::runtime::Runtime;
use crate::proxy::tls::Secrets;

use super::cluster::UpstreamCluster;

/// The clusters, by name.
#[derive(Debug, Default)]
pub struct Clusters(FxHashMap<String, Arc<UpstreamCluster>>);

impl Clusters {
    /// What was there before and has not changed is kept with its connections and with what is known of its hosts.
    /// An error is about what Envoy would not start with.
    pub fn new(
        clusters: &[Arc<Cluster>],
        _secrets: &Secrets,
        runtime: &Arc<Runtime>,
        before: Option<&Clusters>,
    ) -> Result<(Self, Vec<Note>), Note> {
        let mut own = FxHashMap::default();
        for config in clusters {
            let kept = before.and_then(|before| before.get(&config.name)).filter(|kept| kept.config == *config);
            let made = || Arc::new(UpstreamCluster::new(Arc::clone(config), runtime));
            own.entry(config.name.clone()).or_insert_with(|| kept.cloned().unwrap_or_else(made));
        }
        Ok((Self(own), Vec::new()))
    }

    pub fn get(&self, name: &str) -> Option<&Arc<UpstreamCluster>> {
        self.0.get(name)
    }

    /// Sorted by name.
    pub fn all(&self) -> Vec<&Arc<UpstreamCluster>> {
        let mut all: Vec<_> = self.0.values().collect();
        all.sort_by(|one, other| one.config.name.cmp(&other.config.name));
        all
    }
}
