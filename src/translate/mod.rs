//! From a mesh and a proxy to the configuration that istiod 1.31 would push to it.
//!
//! [`PushContext`] holds what all proxies share, [`Translator`] what those share that see the same; a [`Proxy`] is one
//! that asks. Sources: istio 1.31 `pilot/pkg/networking/core`, `pilot/pkg/security`, `pilot/pkg/xds/endpoints`.

mod access_log;
mod backends;
mod certificates;
mod clusters;
mod destinations;
mod endpoints;
mod envoy_filter;
mod gateway;
mod hcm;
mod hosts;
mod inbound;
mod names;
mod node;
mod note;
mod outbound;
mod policy;
mod provenance;
mod proxies;
mod proxy;
mod push;
mod reach;
mod routes;
mod scope;
mod secrets;
mod security;
mod server_tls;
mod settings;
mod shared;
mod sockets;
mod stat_names;
mod targets;
mod tcp;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use crate::envoy::Config;
use crate::mesh::MergedRule;
use crate::model::destination_rule::TrafficPolicy;
use crate::model::networking::Sidecar;

use access_log::AccessLogs;
use envoy_filter::{EnvoyFilters, GatewayPorts, Patches};
use policy::Policy;
use push::Service;
use scope::Scope;
use security::Security;
use shared::{Routes, RoutesKey, Shared};

pub use backends::Backend;
pub use certificates::{identity, secrets};
pub use note::Note;
pub use provenance::{Part, Provenance};
pub use proxies::ProxySpec;
pub use proxy::{Interception, Locality, Proxy, ProxyKind};
pub use push::PushContext;
pub use reach::{Names, Reached};
pub use settings::ProxySettings;

/// Namespace, Sidecar, and whether it is a gateway's.
type ScopeKey = (String, Option<usize>, bool);

/// Translates for any number of proxies of one mesh.
pub struct Translator<'t> {
    push: &'t PushContext<'t>,
    filters: EnvoyFilters<'t>,
    scopes: Mutex<HashMap<ScopeKey, Arc<Scope<'t>>>>,
    shared: Shared,
}

/// What a proxy gets, and what of it istiod knows but files do not.
#[derive(Clone, Debug)]
pub struct Translation {
    pub config: Config,
    /// In no particular order.
    pub notes: Vec<Note>,
    pub provenance: Provenance,
}

/// What everything that is made for one proxy is made from.
pub(crate) struct Context<'c, 't> {
    push: &'t PushContext<'t>,
    proxy: &'c Proxy<'c>,
    scope: Arc<Scope<'t>>,
    access_logs: AccessLogs,
    shared: &'c Shared,
}

impl<'t> Translator<'t> {
    pub fn new(push: &'t PushContext<'t>) -> Self {
        Self { push, filters: EnvoyFilters::new(push.mesh), scopes: Mutex::default(), shared: Shared::default() }
    }

    /// Everything that istiod pushes to the proxy, each list sorted by name.
    pub fn translate(&self, proxy: &Proxy<'_>) -> Translation {
        let access_logs = AccessLogs::new(self.push.mesh, proxy.namespace, &proxy.labels);
        let shared = &self.shared;
        let context = Context { push: self.push, proxy, scope: self.scope(proxy), access_logs, shared };
        let security = Security::new(self.push.mesh, proxy.namespace, &proxy.labels, proxy.is_router());
        let node = node::node(&context);
        let patches = self.filters.of_proxy(self.push.mesh, proxy.namespace, &proxy.labels, &node);
        let (listeners, Routes { configurations, places }, ports) = match proxy.is_router() {
            true => {
                let servers = gateway::Servers::of(&context);
                let listeners = gateway::listeners(&context, &servers, &security);
                let routes = gateway::configurations(&context, &servers, &outbound::route_names(&listeners));
                (listeners, Routes::noted(routes), servers.service_ports())
            }
            false => {
                let mut listeners = outbound::listeners(&context);
                listeners.extend(inbound::listeners(&context, &security));
                listeners.sort_by(|left, right| left.name.cmp(&right.name));
                let routes = self.routes(&context, &patches, outbound::route_names(&listeners));
                (listeners, routes, GatewayPorts::new())
            }
        };
        let clusters = clusters::clusters(&context);
        let mut config = Config { node: Some(node), listeners, routes: configurations, clusters, ..Config::default() };
        let mut notes = security.notes().to_vec();
        notes.extend(patches.apply(&mut config, proxy.is_router(), &ports));
        config.endpoints = endpoints::load_assignments(&context, &config.clusters);
        let places = places.unwrap_or_else(|| provenance::take_places(&mut config.routes).into());
        let provenance = Provenance::take(&mut config.listeners, places);
        Translation { config, notes, provenance }
    }

    fn routes(&self, context: &Context<'_, '_>, patches: &Patches<'_, '_>, names: Vec<String>) -> Routes {
        let make = || Routes::noted(routes::configurations(context, &names));
        match patches.change_routes() {
            true => make(),
            false => self.shared.routes.get_or_make(RoutesKey::new(context, &names), || make().collected()),
        }
    }

    /// [`Self::translate`] without the notes.
    pub fn config(&self, proxy: &Proxy<'_>) -> Config {
        self.translate(proxy).config
    }

    fn scope(&self, proxy: &Proxy<'_>) -> Arc<Scope<'t>> {
        let sidecar = scope::sidecar(self.push, proxy);
        let identity = sidecar.map(|sidecar| std::ptr::from_ref::<Sidecar<'_>>(&sidecar.spec).addr());
        let key = (proxy.namespace.to_owned(), identity, proxy.is_router());
        let mut scopes = self.scopes.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let make = || match proxy.is_router() {
            true => Scope::of_router(self.push, proxy.namespace),
            false => Scope::of_sidecar(self.push, proxy.namespace, sidecar),
        };
        Arc::clone(scopes.entry(key).or_insert_with(|| Arc::new(make())))
    }
}

impl<'t> Context<'_, 't> {
    /// The DestinationRule in force for the proxy as a client of a service.
    fn destination_rule(&self, service: &Service<'t>) -> Option<&'t MergedRule<'t>> {
        self.push.mesh.destination_rule(self.proxy.namespace, Some(&self.proxy.labels), service.mesh)
    }

    /// The policy in force for the proxy as a client of a port of a service.
    fn policy(&self, rule: Option<&'t MergedRule<'t>>, port: i64) -> Policy<'t> {
        Policy::of_service(rule, port, self.default_policy())
    }

    /// `defaultTrafficPolicy` of the mesh.
    fn default_policy(&self) -> Option<&'t TrafficPolicy<'t>> {
        self.push.mesh.settings.config.as_ref()?.default_traffic_policy.as_deref()
    }
}
