//! Which mTLS mode a workload demands on a port (istio 1.31 `pilot/pkg/security/authn/policy_applier.go`,
//! `ComposePeerAuthentication`).

use rustc_hash::FxHashMap;

use crate::model::security::PeerAuthentication;
use crate::model::{Labels, Object, Resources};

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

/// PeerAuthentications by what they hold for. Of several the oldest counts.
#[derive(Debug, Default)]
pub struct PeerAuthentications<'m> {
    root: &'m str,
    /// Without selector, by namespace.
    of_namespace: FxHashMap<&'m str, &'m Object<'m, PeerAuthentication<'m>>>,
    /// With selector, by namespace, oldest first. Those of the root namespace are ignored by Istio.
    of_workload: FxHashMap<&'m str, Vec<&'m Object<'m, PeerAuthentication<'m>>>>,
}

impl<'m> PeerAuthentications<'m> {
    pub(super) fn new(resources: &'m Resources<'m>, settings: &Settings<'m>) -> Self {
        let mut all = Self { root: settings.root_namespace, ..Self::default() };
        for object in by_age(&resources.peer_authentications) {
            let namespace = object.meta.namespace;
            match selector(object) {
                None => {
                    all.of_namespace.entry(namespace).or_insert(object);
                }
                Some(_) if namespace == settings.root_namespace => {}
                Some(_) => all.of_workload.entry(namespace).or_default().push(object),
            }
        }
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

/// The labels that a PeerAuthentication is for; `None` if for all.
fn selector<'m>(object: &'m Object<'m, PeerAuthentication<'m>>) -> Option<&'m Labels<'m>> {
    let labels = &object.spec.selector.as_ref()?.match_labels;
    (!labels.is_empty()).then_some(labels)
}

impl<'m> Mesh<'m> {
    /// The mode in force on `port` of the workload (a number of the workload, not of a Service), and what says so:
    /// `None` is the default of Istio, `PERMISSIVE`.
    pub fn mutual_tls(
        &self,
        workload: &Workload<'m>,
        port: Option<i64>,
    ) -> (MutualTlsMode, Option<&'m Object<'m, PeerAuthentication<'m>>>) {
        let policies = &self.peer_authentications;
        let of_workload = policies.of_workload.get(workload.namespace).into_iter().flatten();
        let own = of_workload
            .copied()
            .find(|object| selector(object).is_some_and(|selector| workload.labels.contains(selector)));
        if let (Some(object), Some(port)) = (own, port) {
            let entry = object.spec.port_level_mtls.get(port.to_string().as_str());
            let mode = entry.and_then(|entry| MutualTlsMode::parse(entry.mode?.value));
            if let Some(mode) = mode {
                return (mode, Some(object));
            }
        }
        let levels = [own, policies.namespace_wide(workload.namespace), policies.mesh_wide()];
        let decided = levels.into_iter().flatten().find_map(|object| {
            let mode = MutualTlsMode::parse(object.spec.mtls.as_ref()?.mode?.value)?;
            Some((mode, Some(object)))
        });
        decided.unwrap_or((MutualTlsMode::Permissive, None))
    }
}
