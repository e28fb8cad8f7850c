//! Patches of clusters (istio 1.31 `cluster_patch.go`).

use std::sync::Arc;

use serde_json::Value;

use crate::envoy::cluster::Cluster;
use crate::envoy::core::TransportSocket;
use crate::model::networking::ClusterMatch;

use super::super::Note;
use super::Patches;
use super::patch::{ApplyTo, Operation, Patch, PatchContext, asks_for, number};

/// Patches the clusters of one context. The note is about a patch that fails; then its cluster gets no others.
pub(super) fn patch(
    patches: &Patches<'_, '_>,
    context: PatchContext,
    clusters: &mut Vec<Arc<Cluster>>,
) -> Result<(), Note> {
    let mut outcome = Ok(());
    clusters.retain_mut(|cluster| {
        patch_cluster(patches, context, cluster).unwrap_or_else(|note| {
            outcome = Err(note);
            true
        })
    });
    for patch in patches.added(ApplyTo::Cluster, context) {
        clusters.push(Arc::new(patch.new_value()?));
    }
    outcome
}

/// Whether the cluster is kept.
fn patch_cluster(patches: &Patches<'_, '_>, context: PatchContext, cluster: &mut Arc<Cluster>) -> Result<bool, Note> {
    for patch in patches.of(ApplyTo::Cluster, context) {
        if !matches_cluster(patch, cluster) {
            continue;
        }
        if patch.operation == Operation::Remove {
            return Ok(false);
        }
        if patch.is_merge() {
            let own = Arc::make_mut(cluster);
            if !merges_socket(patch, own)? {
                patch.merge_into(own)?;
            }
        }
    }
    Ok(true)
}

/// Whether a patch has a transport socket: then it is merged into that of the same name, or replaces one of another name,
/// and nothing else of the patch is merged. Where sockets are chosen by endpoint, one of another name is dropped.
fn merges_socket(patch: &Patch<'_>, cluster: &mut Cluster) -> Result<bool, Note> {
    let new: Cluster = patch.new_value()?;
    let Some(new) = new.transport_socket else { return Ok(false) };
    let is_same = |own: &&mut TransportSocket| own.name == new.name;
    let own = match &mut cluster.transport_socket_matches[..] {
        [] => cluster.transport_socket.as_mut().filter(is_same),
        choices => match choices.iter_mut().filter_map(|choice| choice.transport_socket.as_mut()).find(is_same) {
            Some(own) => Some(own),
            None => return Ok(true),
        },
    };
    match own.map(|own| &mut own.typed_config) {
        Some(Some(config)) => {
            if let Some(other) = &new.typed_config {
                patch.merge_configs(config, other)?;
            }
        }
        Some(None) => {}
        None => cluster.transport_socket = Some(new),
    }
    Ok(true)
}

fn matches_cluster(patch: &Patch<'_>, cluster: &Cluster) -> bool {
    let Some(ClusterMatch { name, service, subset, port_number, .. }) = patch.cluster() else { return true };
    if let Some(name) = name.filter(|name| !name.is_empty()) {
        return name.value == cluster.name;
    }
    let own = ClusterName::parse(&cluster.name);
    let is_service = |wanted: &str| match own.is_inbound {
        true => services(cluster).any(|host| host == wanted),
        false => own.host == wanted,
    };
    asks_for(*subset, own.subset)
        && service.is_none_or(|service| service.is_empty() || is_service(service.value))
        && number(*port_number).is_none_or(|wanted| wanted == own.port)
}

/// The hosts of the services behind an inbound cluster, whose name tells none.
fn services(cluster: &Cluster) -> impl Iterator<Item = &str> {
    let istio = cluster.metadata.as_ref().and_then(|metadata| metadata.filter_metadata.get("istio"));
    let services = istio.and_then(|istio| istio.get("services")?.as_array());
    services.into_iter().flatten().filter_map(|service| service.get("host").and_then(Value::as_str))
}

/// `direction|port|subset|host`, or with `_.` between the parts. Other names tell nothing.
#[derive(Default)]
struct ClusterName<'n> {
    is_inbound: bool,
    port: u32,
    subset: &'n str,
    host: &'n str,
}

impl<'n> ClusterName<'n> {
    fn parse(name: &'n str) -> Self {
        let separator = if name.starts_with("outbound_.") || name.starts_with("inbound_.") { "_." } else { "|" };
        let mut parts = name.splitn(4, separator);
        let (Some(direction), Some(port)) = (parts.next(), parts.next()) else { return Self::default() };
        Self {
            is_inbound: direction == "inbound",
            port: port.parse().unwrap_or_default(),
            subset: parts.next().unwrap_or_default(),
            host: parts.next().unwrap_or_default(),
        }
    }
}
