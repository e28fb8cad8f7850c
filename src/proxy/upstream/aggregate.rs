//! Aggregate clusters stand for others: the later ones take over as the hosts of the earlier ones fail (Envoy 1.40
//! `source/extensions/clusters/aggregate`).

use std::sync::Arc;

use super::balance::Loads;
use super::cluster::UpstreamCluster;
use super::clusters::Clusters;

impl Clusters {
    /// The cluster that serves the next request to `cluster`: that itself, unless it is an aggregate. The priorities of all
    /// its members count as those of one cluster.
    pub fn serving<'c>(&'c self, cluster: &'c Arc<UpstreamCluster>) -> &'c Arc<UpstreamCluster> {
        let Some(names) = cluster.config.members() else { return cluster };
        let mut owners = Vec::new();
        let mut counts = Vec::new();
        for member in names.into_iter().filter_map(|name| self.get(name)) {
            let own = member.counts();
            owners.extend(own.iter().map(|_| member));
            counts.extend(own);
        }
        let policy = cluster.policy();
        let loads = Loads::new(&counts, policy.overprovisioning, policy.panic_threshold);
        let (priority, _) = loads.choose(cluster.shared.runtime.dice.below(100));
        owners.get(priority).copied().unwrap_or(cluster)
    }
}
