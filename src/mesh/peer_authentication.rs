//! Which mTLS mode a workload demands on a port (istio 1.31 `pilot/pkg/security/authn/policy_applier.go`,
//! `ComposePeerAuthentication`).

use std::borrow::Cow;

use rustc_hash::FxHashMap;

use crate::model::destination_rule::DestinationRule;
use crate::model::security::PeerAuthentication;
use crate::model::{Labels, Object, Resources, Str};

use super::selectors::SelectorIndex;
use super::{Mesh, Settings, Workload, by_age};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MutualTlsMode {
    Disable,
    Permissive,
    Strict,
}

impl MutualTlsMode {
    /// `None` for `UNSET` and what is not a mode: inherited.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "DISABLE" => Some(MutualTlsMode::Disable),
            "PERMISSIVE" => Some(MutualTlsMode::Permissive),
            "STRICT" => Some(MutualTlsMode::Strict),
            _ => None,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            MutualTlsMode::Disable => "DISABLE",
            MutualTlsMode::Permissive => "PERMISSIVE",
            MutualTlsMode::Strict => "STRICT",
        }
    }
}

/// A mode, and the PeerAuthentication that says so; without one it is Istio's default.
pub type ModeInForce<'m> = (MutualTlsMode, Option<&'m Object<'m, PeerAuthentication<'m>>>);

/// PeerAuthentications by what they hold for. Of several the oldest counts.
#[derive(Debug, Default)]
pub struct PeerAuthentications<'m> {
    root: &'m str,
    /// Without selector, by namespace.
    of_namespace: FxHashMap<&'m str, &'m Object<'m, PeerAuthentication<'m>>>,
    /// With selector, oldest first. Those of the root namespace are ignored by Istio.
    of_workload: Vec<&'m Object<'m, PeerAuthentication<'m>>>,
    selectors: SelectorIndex<'m>,
}

impl<'m> PeerAuthentications<'m> {
    pub(super) fn new(resources: &'m Resources<'m>, settings: &Settings<'m>) -> Self {
        let mut all = Self { root: settings.root_namespace, ..Self::default() };
        for object in by_age(&resources.peer_authentications) {
            let namespace = object.meta.namespace;
            match object.spec.selector() {
                None => {
                    all.of_namespace.entry(namespace).or_insert(object);
                }
                Some(_) if namespace == settings.root_namespace => {}
                Some(_) => all.of_workload.push(object),
            }
        }
        let selectors = all.of_workload.iter().map(|object| Some((object.meta.namespace, object.spec.selector()?)));
        all.selectors = SelectorIndex::new(&selectors.collect::<Vec<_>>());
        all
    }

    /// The one for the whole mesh.
    pub fn mesh_wide(&self) -> Option<&'m Object<'m, PeerAuthentication<'m>>> {
        self.of_namespace.get(self.root).copied()
    }

    /// The one for all workloads of `namespace`, if it is not that of the mesh.
    pub fn namespace_wide(&self, namespace: &str) -> Option<&'m Object<'m, PeerAuthentication<'m>>> {
        self.of_namespace.get(namespace).copied().filter(|_| namespace != self.root)
    }
}

impl<'m> Mesh<'m> {
    /// The mode in force on `port` of the workload (a number of the workload, not of a Service), and what says so:
    /// `None` is the default of Istio, `PERMISSIVE`.
    pub fn mutual_tls(&self, workload: &Workload<'m>, port: Option<i64>) -> ModeInForce<'m> {
        self.mutual_tls_for(workload.namespace, workload.labels, port)
    }

    /// The same for pods of `namespace` with these labels.
    pub fn mutual_tls_for(&self, namespace: &str, labels: &Labels<'_>, port: Option<i64>) -> ModeInForce<'m> {
        let policies = &self.peer_authentications;
        let own = self.peer_authentication_selecting(namespace, labels);
        if let (Some(object), Some(port)) = (own, port) {
            let entry = object.spec.port_level_mtls.get(port.to_string().as_str());
            let mode = entry.and_then(|entry| MutualTlsMode::parse(entry.mode?.value));
            if let Some(mode) = mode {
                return (mode, Some(object));
            }
        }
        decide([own, policies.namespace_wide(namespace), policies.mesh_wide()])
    }

    /// The ports for which the PeerAuthentication of pods with these labels says something of its own.
    pub fn port_level_mutual_tls(&self, namespace: &str, labels: &Labels<'_>) -> Vec<i64> {
        let own = self.peer_authentication_selecting(namespace, labels);
        let ports = own.into_iter().flat_map(|object| object.spec.port_level_mtls.iter());
        ports.filter_map(|(port, _)| port.value.parse().ok()).collect()
    }

    /// The one with a selector for pods with these labels.
    fn peer_authentication_selecting(
        &self,
        namespace: &str,
        labels: &Labels<'_>,
    ) -> Option<&'m Object<'m, PeerAuthentication<'m>>> {
        let policies = &self.peer_authentications;
        let candidates = policies.selectors.candidates(namespace, labels).into_iter();
        let mut selecting = candidates.map(|at| policies.of_workload[at]);
        selecting.find(|object| object.spec.selector().is_some_and(|selector| labels.contains(selector)))
    }

    /// The mode of the workloads of `namespace` that no PeerAuthentication selects, and what says so.
    pub fn default_mutual_tls(&self, namespace: &str) -> ModeInForce<'m> {
        let policies = &self.peer_authentications;
        decide([None, policies.namespace_wide(namespace), policies.mesh_wide()])
    }

    /// The PeerAuthentications with a selector for the workload, oldest first. Only the first counts.
    pub fn peer_authentications_selecting(
        &self,
        workload: &Workload<'m>,
    ) -> impl Iterator<Item = &'m Object<'m, PeerAuthentication<'m>>> {
        let policies = &self.peer_authentications;
        let candidates = policies.selectors.candidates(workload.namespace, workload.labels).into_iter();
        let labels = workload.labels;
        candidates
            .map(|at| policies.of_workload[at])
            .filter(move |object| object.spec.selector().is_some_and(|selector| labels.contains(selector)))
    }

    /// DestinationRules that tell all clients of a host to use the mutual TLS of Istio: full host, mode, rule.
    pub fn istio_mutual_rules(
        &self,
    ) -> impl Iterator<Item = (Cow<'m, str>, Str<'m>, &'m Object<'m, DestinationRule<'m>>)> {
        self.resources.destination_rules.iter().filter_map(|rule| {
            let mode = rule.spec.traffic_policy.as_ref()?.tls.as_ref()?.mode?;
            let host = self.full_name(rule.spec.host?.value, rule.meta.namespace);
            (mode.value == "ISTIO_MUTUAL").then_some((host, mode, rule))
        })
    }
}

/// The first mode that is written, from the closest level to the widest.
fn decide<'m>(levels: [Option<&'m Object<'m, PeerAuthentication<'m>>>; 3]) -> ModeInForce<'m> {
    let decided = levels.into_iter().flatten().find_map(|object| {
        let mode = MutualTlsMode::parse(object.spec.mtls.as_ref()?.mode?.value)?;
        Some((mode, Some(object)))
    });
    decided.unwrap_or((MutualTlsMode::Permissive, None))
}
