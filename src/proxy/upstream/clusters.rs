//! All clusters of a configuration.

use std::sync::Arc;
use std::time::Duration;

use rustc_hash::FxHashMap;

use crate::envoy::cluster::Cluster;
use crate::proxy::Note;
use crate::proxy::runtime::Runtime;
use crate::proxy::stats::Scope;
use crate::proxy::time::Time;
use crate::proxy::tls::Secrets;

use super::cluster::UpstreamCluster;

/// The clusters, by name.
#[derive(Debug, Default)]
pub struct Clusters {
    by_name: FxHashMap<String, Arc<UpstreamCluster>>,
    secrets: Secrets,
}

impl Clusters {
    /// What was there before and has not changed is kept with its connections and with what is known of its hosts.
    /// An error is about what Envoy would not start with.
    pub fn new(
        clusters: &[Arc<Cluster>],
        secrets: &Secrets,
        runtime: &Arc<Runtime>,
        before: Option<&Clusters>,
    ) -> Result<(Self, Vec<Note>), Note> {
        let mut by_name = FxHashMap::default();
        let mut notes = Vec::new();
        let all = before;
        let before = before.filter(|before| before.secrets == *secrets);
        for config in clusters {
            if by_name.contains_key(&config.name) {
                continue;
            }
            let place = || format!("cluster `{}`", config.name);
            let kept = before.and_then(|before| before.get(&config.name)).filter(|kept| kept.config == *config);
            let cluster = match kept {
                Some(kept) => Arc::clone(kept),
                None => UpstreamCluster::new(Arc::clone(config), secrets, runtime)
                    .map_err(|invalid| Note::new(place(), invalid.0))?,
            };
            notes.extend(cluster.notes().map(|text| Note::new(place(), text)));
            by_name.insert(config.name.clone(), cluster);
        }
        let own = Self { by_name, secrets: secrets.clone() };
        let gone = all.into_iter().flat_map(Self::all).filter(|cluster| own.get(&cluster.config.name).is_none());
        gone.for_each(|cluster| runtime.stats.forget(&Scope::Cluster(cluster.stats_name().to_owned())));
        Ok((own, notes))
    }

    pub fn get(&self, name: &str) -> Option<&Arc<UpstreamCluster>> {
        self.by_name.get(name)
    }

    /// Sorted by name.
    pub fn all(&self) -> Vec<&Arc<UpstreamCluster>> {
        let mut all: Vec<_> = self.by_name.values().collect();
        all.sort_by(|one, other| one.config.name.cmp(&other.config.name));
        all
    }

    /// Returns when the hosts of all clusters are known, or after 5 s: names may be slow, or have no answer.
    pub async fn warm(&self, time: Time) {
        let all = async {
            for cluster in self.by_name.values() {
                cluster.warm().await;
            }
        };
        // Later answers are used when they come.
        let _ = time.timeout(Duration::from_secs(5), all).await;
    }
}
