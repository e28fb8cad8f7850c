//! The clusters of a proxy (istio 1.31 `pilot/pkg/networking/core/cluster.go`, `cluster_builder.go`).

mod balancing;
mod fixed;
mod inbound;
mod metadata;
mod outbound;
mod outliers;
mod pool;
mod protocol;
#[cfg(test)]
mod tests;
mod tls;

use std::sync::Arc;

use crate::envoy::cluster::{Cluster, Discovery, DiscoveryType};
use crate::mesh::Settings;

use super::Context;
use super::scope::OutboundPolicy;

use outbound::Naming;

pub(super) use outbound::ClustersKey;

/// Sorted by name; of several that share one the first stays.
pub(super) fn clusters(context: &Context<'_, '_>) -> Vec<Arc<Cluster>> {
    let mut clusters = outbound::clusters(context, Naming::Plain);
    let mut own = vec![fixed::black_hole(context)];
    if context.proxy.is_router() {
        if passes_mutual_tls_through(context) {
            clusters.extend(outbound::clusters(context, Naming::Sni));
        }
    } else {
        own.push(fixed::passthrough(context));
        if context.scope.outbound == OutboundPolicy::AllowAnyDynamicDns {
            own.push(fixed::dynamic_dns(context));
        }
        own.extend(inbound::clusters(context));
        own.push(fixed::inbound_passthrough(context));
    }
    clusters.extend(own.into_iter().map(Arc::new));
    clusters.sort_by(|left, right| left.name.cmp(&right.name));
    clusters.dedup_by(|later, earlier| later.name == earlier.name);
    clusters
}

/// Whether a server of the gateway sends the mutual TLS of the mesh on as it comes, by SNI.
fn passes_mutual_tls_through(context: &Context<'_, '_>) -> bool {
    let gateways = context.push.mesh.resources.gateways.iter();
    let mut own = gateways.filter(|gateway| context.proxy.labels.contains(&gateway.spec.selector));
    own.any(|gateway| {
        let modes = gateway.spec.servers.iter().filter_map(|server| server.tls.as_ref()?.mode);
        modes.into_iter().any(|mode| mode.value == "AUTO_PASSTHROUGH")
    })
}

fn is_original_dst(cluster: &Cluster) -> bool {
    cluster.discovery == Some(Discovery::Type(DiscoveryType::OriginalDst))
}

/// What statistics are called by default.
fn stat_name(cluster: &str) -> String {
    format!("{cluster};")
}

fn settings<'s>(context: &Context<'_, 's>) -> &'s Settings<'s> {
    &context.push.mesh.settings
}
