//! The mesh as istiod sees it: who offers what, who sees it, which traffic and security settings hold for whom.
//!
//! Every question about names, visibility, precedence and selection is answered here and nowhere else, so that rules,
//! translation, traces and traffic cannot disagree. Sources: istio 1.31 `pilot/pkg/model`.

mod ambient;
mod credentials;
mod delegates;
mod destination_rules;
mod destinations;
mod gateway_api;
mod gateway_proxies;
mod gateways;
mod hosts;
pub mod matching;
mod peer_authentication;
mod policies;
mod protocol;
mod selectors;
mod services;
mod settings;
mod shadows;
mod shared_hosts;
mod sidecars;
#[cfg(test)]
pub mod testing;
mod traffic_policies;
mod visibility;
mod workloads;

use std::sync::OnceLock;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::model::{Kind, Meta, Object, Resources};

pub use crate::format::Protocol;
pub use ambient::WaypointName;
pub use credentials::{KeyPair, ServerCredential};
pub use delegates::{DelegateLookup, EffectiveMatch, EffectiveRoute, MatchConflict, dropped_match, match_conflict};
pub use destination_rules::{DestinationRules, MergedRule, MergedSubset};
pub use destinations::{Client, SubsetLookup, Target};
pub use gateway_api::{GATEWAY_NAME_LABEL, IstioObjects, gateway_services, has_route_semantics, is_tls_route};
pub use gateway_proxies::GatewayProxy;
pub use gateways::{BoundGateway, GatewayReference, ServerRef, ServerTraffic};
pub use hosts::{has_wildcard, host_matches, host_subset_of, is_public_name};
pub use peer_authentication::{ModeInForce, MutualTlsMode, PeerAuthentications};
pub use policies::InboundPort;
pub use services::{Origin, Resolution, Service, ServiceLookup, ServicePort, TargetPort};
pub use settings::{Options, OutboundMode, Provider, Settings};
pub use shadows::{L4Route, Place, Shadow, l4_routes, l4_shadows, shadows};
pub use shared_hosts::{HostUser, MergedMatch, Overlap, SharedHost};
pub use sidecars::{EgressHost, SidecarScope};
pub use traffic_policies::ClusterPolicy;
pub use visibility::ExportTo;
pub use workloads::{Injection, Selection, Workload, WorkloadKind};

/// The answer to "does what this names exist?".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reference<T> {
    Found(T),
    /// The input proves that it does not exist.
    Missing,
    /// The input does not tell: what could hold it was not given.
    Unknown,
}

impl<T> Reference<T> {
    pub fn found(self) -> Option<T> {
        match self {
            Reference::Found(value) => Some(value),
            Reference::Missing | Reference::Unknown => None,
        }
    }

    pub fn is_missing(&self) -> bool {
        matches!(self, Reference::Missing)
    }
}

/// Everything that the input tells of one mesh.
pub struct Mesh<'m> {
    pub resources: &'m Resources<'m>,
    pub settings: Settings<'m>,
    /// Of Kubernetes Services and of ServiceEntries, one for each host.
    pub services: Vec<Service<'m>>,
    /// Pods, what makes pods, WorkloadEntries and WorkloadGroups.
    pub workloads: Vec<Workload<'m>>,
    pub destination_rules: DestinationRules<'m>,
    pub peer_authentications: PeerAuthentications<'m>,
    service_index: services::ServiceIndex<'m>,
    service_selectors: selectors::SelectorIndex<'m>,
    workload_index: workloads::WorkloadIndex<'m>,
    policy_index: policies::PolicyIndex<'m>,
    /// How many objects of a kind a namespace has.
    counts: FxHashMap<(Kind, &'m str), usize>,
    namespaces: FxHashSet<&'m str>,
    namespace_objects: FxHashMap<&'m str, &'m Meta<'m>>,
    ambient_namespaces: FxHashSet<&'m str>,
    gateway_index: ObjectIndex<'m>,
    secret_index: ObjectIndex<'m>,
    /// The Secrets that other programs are told to make.
    made_secrets: FxHashSet<(&'m str, &'m str)>,
    k8s_gateway_index: ObjectIndex<'m>,
    gateway_bindings: FxHashMap<(&'m str, &'m str), Vec<usize>>,
    server_hosts: gateways::ServerHosts<'m>,
    virtual_service_index: ObjectIndex<'m>,
    /// By the delegate that they name.
    root_index: FxHashMap<(&'m str, &'m str), Vec<usize>>,
    /// By full name of the host.
    routed_subsets: OnceLock<FxHashMap<String, FxHashSet<String>>>,
    /// Of each shared host.
    overlaps: OnceLock<Vec<Vec<shared_hosts::Pair>>>,
}

const BUILT_IN_NAMESPACES: [&str; 4] = ["default", "kube-system", "kube-public", "kube-node-lease"];

/// Positions in a list of objects, by namespace and name.
type ObjectIndex<'m> = FxHashMap<(&'m str, &'m str), usize>;

fn object_index<'m, T>(objects: &[Object<'m, T>]) -> ObjectIndex<'m> {
    let objects = objects.iter().enumerate();
    objects.map(|(index, object)| ((object.meta.namespace, object.meta.name.value), index)).collect()
}

impl<'m> Mesh<'m> {
    /// `resources` must hold no two objects of the same kind, namespace and name ([`Resources::drop_replaced`]).
    pub fn new(resources: &'m Resources<'m>, settings: Settings<'m>) -> Self {
        let mut counts = FxHashMap::default();
        let mut namespaces = FxHashSet::default();
        for meta in resources.metas() {
            *counts.entry((meta.kind, meta.namespace)).or_default() += 1;
            match meta.kind {
                Kind::Namespace => namespaces.insert(meta.name.value),
                _ => namespaces.insert(meta.namespace),
            };
        }
        namespaces.remove("");
        let namespace_objects =
            resources.namespaces.iter().map(|namespace| (namespace.meta.name.value, &namespace.meta)).collect();
        let services = services::services(resources, &settings);
        let workloads = workloads::workloads(resources);
        Self {
            service_index: services::ServiceIndex::new(&services),
            service_selectors: services::selectors(&services),
            workload_index: workloads::WorkloadIndex::new(&workloads),
            policy_index: policies::PolicyIndex::new(resources),
            destination_rules: DestinationRules::new(resources, &settings),
            peer_authentications: PeerAuthentications::new(resources, &settings),
            ambient_namespaces: ambient::ambient_namespaces(resources),
            gateway_index: object_index(&resources.gateways),
            secret_index: object_index(&resources.secrets),
            made_secrets: credentials::made_secrets(resources),
            k8s_gateway_index: object_index(&resources.k8s_gateways),
            gateway_bindings: gateways::bindings(resources),
            server_hosts: gateways::ServerHosts::new(resources),
            virtual_service_index: object_index(&resources.virtual_services),
            root_index: gateways::root_index(&resources.virtual_services),
            routed_subsets: OnceLock::new(),
            overlaps: OnceLock::new(),
            resources,
            settings,
            services,
            workloads,
            counts,
            namespaces,
            namespace_objects,
        }
    }

    /// Whether the input shows all there is of `kind` in `namespace`: it has some, or the user says that nothing is
    /// left out.
    pub fn is_complete(&self, kind: Kind, namespace: &str) -> bool {
        self.settings.options.assume_complete || self.count(kind, namespace) > 0
    }

    pub fn count(&self, kind: Kind, namespace: &str) -> usize {
        // The key borrows for as long as the mesh does; the namespace that is asked for need not.
        self.namespaces.get(namespace).map_or_else(
            || if namespace.is_empty() { self.counts.get(&(kind, "")).copied().unwrap_or(0) } else { 0 },
            |namespace| self.counts.get(&(kind, namespace)).copied().unwrap_or(0),
        )
    }

    /// Whether anything in the input lives in `namespace`, or the namespace itself is in it.
    pub fn has_namespace(&self, namespace: &str) -> bool {
        self.namespaces.contains(namespace)
    }

    /// The namespaces of the input, in order.
    pub fn namespaces(&self) -> Vec<&'m str> {
        let mut names: Vec<_> = self.namespaces.iter().copied().collect();
        names.sort_unstable();
        names
    }

    /// The Namespace object, if it is in the input.
    pub fn namespace(&self, name: &str) -> Option<&'m Meta<'m>> {
        self.namespace_objects.get(name).copied()
    }

    /// Whether a namespace called `name` exists. It is said to be missing only where Namespace objects are given; those
    /// that every cluster has never are.
    pub fn namespace_reference(&self, name: &str) -> Reference<()> {
        if self.has_namespace(name) {
            Reference::Found(())
        } else if BUILT_IN_NAMESPACES.contains(&name) || name == self.settings.root_namespace {
            Reference::Unknown
        } else if self.settings.options.assume_complete || !self.resources.namespaces.is_empty() {
            Reference::Missing
        } else {
            Reference::Unknown
        }
    }
}

/// Sorted as istiod sorts configuration: oldest first, then by name, then by namespace.
pub fn by_age<'r, 'm, T>(objects: impl IntoIterator<Item = &'r Object<'m, T>>) -> Vec<&'r Object<'m, T>>
where
    T: 'r,
    'm: 'r,
{
    let mut sorted: Vec<_> = objects.into_iter().collect();
    sorted.sort_by(|left, right| left.meta.age_order().cmp(&right.meta.age_order()));
    sorted
}
