//! Aggregate clusters stand for others: the later ones take over as the hosts of the earlier ones fail (Envoy 1.40
//! `source/extensions/clusters/aggregate`).

use std::sync::Arc;

use serde_json::Value;

use crate::envoy::Any;
use crate::envoy::cluster::{Cluster, CustomClusterType, Discovery};

use super::balance::Loads;
use super::cluster::UpstreamCluster;
use super::clusters::Clusters;

/// The names of the clusters that one stands for; `None` for clusters of other kinds.
pub(super) fn members(cluster: &Cluster) -> Option<Vec<String>> {
    let Some(Discovery::ClusterType(custom)) = &cluster.discovery else { return None };
    let names = config(custom)?.as_array()?.iter().filter_map(Value::as_str);
    Some(names.map(str::to_owned).collect())
}

/// Whether a cluster of this type is one.
pub(super) fn is_aggregate(custom: &CustomClusterType) -> bool {
    config(custom).is_some()
}

fn config(custom: &CustomClusterType) -> Option<&Value> {
    match &custom.typed_config {
        Some(Any::Other(other)) if other.type_url.ends_with("clusters.aggregate.v3.ClusterConfig") => {
            other.fields.get("clusters")
        }
        _ => None,
    }
}

impl Clusters {
    /// The cluster that serves the next request to `cluster`: that itself, unless it is an aggregate. The priorities of all
    /// its members count as those of one cluster.
    pub fn serving<'c>(&'c self, cluster: &'c Arc<UpstreamCluster>) -> &'c Arc<UpstreamCluster> {
        let Some(names) = cluster.members() else { return cluster };
        let mut owners = Vec::new();
        let mut counts = Vec::new();
        for member in names.iter().filter_map(|name| self.get(name)) {
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
