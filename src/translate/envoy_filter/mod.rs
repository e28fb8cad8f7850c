//! EnvoyFilters: what users change in the finished configuration (istio 1.31 `pilot/pkg/networking/core/envoyfilter`).
//!
//! Patches are applied by kind, not in the order in which they are written: within a listener first those of the listener,
//! then of its listener filters, chains, network filters, HTTP filters; each kind in the order of the EnvoyFilters.

mod clusters;
mod listeners;
mod patch;
mod routes;
mod splice;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::envoy::Config;
use crate::envoy::Object;
use crate::envoy::core::{Node, TrafficDirection};
use crate::envoy::http_connection_manager::{HttpConnectionManager, RouteSpecifier};
use crate::envoy::listener::Listener;
use crate::envoy::route::RouteConfiguration;
use crate::mesh::Mesh;
use crate::model::Labels;

use super::Note;
use patch::{ApplyTo, Operation, Patch, PatchContext};

/// The ports of services that lead to a port of a gateway.
pub(super) type GatewayPorts = BTreeMap<u32, BTreeSet<u32>>;

/// All EnvoyFilters of a mesh.
pub(super) struct EnvoyFilters<'m> {
    /// By namespace and name.
    patches: FxHashMap<(&'m str, &'m str), Vec<Result<Patch<'m>, Note>>>,
}

/// What EnvoyFilters do to one proxy.
pub(super) struct Patches<'p, 'm> {
    /// In the order in which they are applied.
    patches: Vec<&'p Patch<'m>>,
    /// What cannot be read.
    notes: Vec<Note>,
}

impl<'m> EnvoyFilters<'m> {
    pub(super) fn new(mesh: &Mesh<'m>) -> Self {
        let filters = mesh.resources.envoy_filters.iter().map(|filter| {
            let patches = filter.spec.config_patches.iter().map(Patch::read).collect();
            ((filter.meta.namespace, filter.meta.name.value), patches)
        });
        Self { patches: filters.collect() }
    }

    /// For the proxy in `namespace` whose pod has `labels`, and that says of itself what is in `node`.
    pub(super) fn of_proxy(
        &self,
        mesh: &Mesh<'m>,
        namespace: &str,
        labels: &Labels<'_>,
        node: &Node,
    ) -> Patches<'_, 'm> {
        let nothing = Object::new();
        let metadata = node.metadata.as_ref().unwrap_or(&nothing);
        let mut found = Patches { patches: Vec::new(), notes: Vec::new() };
        for filter in mesh.envoy_filters_of_proxy(namespace, labels) {
            for patch in &self.patches[&(filter.meta.namespace, filter.meta.name.value)] {
                match patch {
                    Ok(patch) if patch.is_for(metadata) => found.patches.push(patch),
                    Ok(_) => {}
                    Err(note) => found.notes.push(note.clone()),
                }
            }
        }
        found
    }
}

impl<'p, 'm> Patches<'p, 'm> {
    pub(super) fn change_routes(&self) -> bool {
        self.patches.iter().any(|patch| patch.apply_to.is_of_routes())
    }

    /// What could not be done is told.
    pub(super) fn apply(self, config: &mut Config, is_router: bool, ports: &GatewayPorts) -> Vec<Note> {
        if self.patches.is_empty() {
            return self.notes;
        }
        let outcomes = match is_router {
            true => self.apply_to_gateway(config, ports),
            false => self.apply_to_sidecar(config),
        };
        forget_unused(config);
        let mut notes = self.notes;
        for note in outcomes.into_iter().filter_map(Result::err) {
            if !notes.contains(&note) {
                notes.push(note);
            }
        }
        notes
    }

    fn of(&self, apply_to: ApplyTo, context: PatchContext) -> impl Iterator<Item = &'p Patch<'m>> {
        self.patches.iter().copied().filter(move |patch| patch.apply_to == apply_to && patch.is_in(context))
    }

    /// Those that add whole things.
    fn added(&self, apply_to: ApplyTo, context: PatchContext) -> impl Iterator<Item = &'p Patch<'m>> {
        let is_added = move |patch: &&Patch<'m>| match apply_to {
            ApplyTo::Listener | ApplyTo::Cluster => patch.adds_in(context),
            _ => true,
        };
        self.of(apply_to, context).filter(|patch| patch.operation == Operation::Add).filter(is_added)
    }

    /// What nobody patches is left shared.
    fn patch_routes(
        &self,
        context: PatchContext,
        ports: &GatewayPorts,
        routes: &mut Arc<RouteConfiguration>,
    ) -> Result<(), Note> {
        match self.patches.iter().any(|patch| patch.apply_to.is_of_routes() && patch.is_in(context)) {
            true => routes::patch(self, context, ports, Arc::make_mut(routes)),
            false => Ok(()),
        }
    }

    fn apply_to_gateway(&self, config: &mut Config, ports: &GatewayPorts) -> Vec<Result<(), Note>> {
        let context = PatchContext::Gateway;
        let mut outcomes: Vec<_> =
            config.routes.iter_mut().map(|routes| self.patch_routes(context, ports, routes)).collect();
        outcomes.push(listeners::patch(self, context, &mut config.listeners));
        outcomes.push(clusters::patch(self, context, &mut config.clusters));
        config.listeners.sort_by(|left, right| left.name.cmp(&right.name));
        config.clusters.sort_by(|left, right| left.name.cmp(&right.name));
        outcomes
    }

    fn apply_to_sidecar(&self, config: &mut Config) -> Vec<Result<(), Note>> {
        use PatchContext::{SidecarInbound, SidecarOutbound};
        let ports = GatewayPorts::new();
        let (mut inbound, mut outbound): (Vec<_>, Vec<_>) = std::mem::take(&mut config.listeners)
            .into_iter()
            .partition(|listener| listener.traffic_direction == TrafficDirection::Inbound);
        let mut outcomes = Vec::new();
        for manager in inbound.iter_mut().flat_map(Listener::managers_mut) {
            if let Some(RouteSpecifier::RouteConfig(routes)) = &mut manager.route_specifier {
                outcomes.push(routes::patch(self, SidecarInbound, &ports, routes));
            }
        }
        for routes in &mut config.routes {
            outcomes.push(self.patch_routes(SidecarOutbound, &ports, routes));
        }
        outcomes.push(listeners::patch(self, SidecarInbound, &mut inbound));
        outcomes.push(listeners::patch(self, SidecarOutbound, &mut outbound));
        inbound.append(&mut outbound);
        inbound.sort_by(|left, right| left.name.cmp(&right.name));
        config.listeners = inbound;

        let (mut inbound, mut outbound): (Vec<_>, Vec<_>) = std::mem::take(&mut config.clusters)
            .into_iter()
            .partition(|cluster| cluster.name.starts_with("inbound|") || cluster.name == "InboundPassthroughCluster");
        outcomes.push(clusters::patch(self, SidecarInbound, &mut inbound));
        outcomes.push(clusters::patch(self, SidecarOutbound, &mut outbound));
        inbound.append(&mut outbound);
        inbound.sort_by(|left, right| left.name.cmp(&right.name));
        config.clusters = inbound;
        outcomes
    }
}

/// A proxy asks for the routes of its connection managers and the endpoints of its clusters only.
fn forget_unused(config: &mut Config) {
    let managers = config.listeners.iter().flat_map(Listener::managers);
    let routes: BTreeSet<_> = managers.filter_map(HttpConnectionManager::routes_name).collect();
    config.routes.retain(|own| routes.contains(own.name.as_str()));
    let services = config.clusters.iter().map(|cluster| {
        let service = cluster.eds_cluster_config.as_ref().map_or("", |eds| &eds.service_name);
        if service.is_empty() { cluster.name.as_str() } else { service }
    });
    let services: BTreeSet<_> = services.collect();
    config.endpoints.retain(|own| services.contains(own.cluster_name.as_str()));
}
