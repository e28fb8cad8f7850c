//! Who is in ambient mode, and through which waypoint (istio 1.31 `pilot/pkg/serviceregistry/ambient/waypoints.go`).

use rustc_hash::FxHashSet;

use crate::model::gateway_api::K8sGateway;
use crate::model::{Kind, Labels, Object, Resources, Str};

use super::{Injection, Mesh, Reference, Service, Workload};

const MODE: &str = "istio.io/dataplane-mode";
const USE: &str = "istio.io/use-waypoint";
const USE_NAMESPACE: &str = "istio.io/use-waypoint-namespace";

/// The waypoint that labels name.
#[derive(Clone, Copy, Debug)]
pub struct WaypointName<'m> {
    pub name: Str<'m>,
    pub namespace: &'m str,
}

pub(super) fn ambient_namespaces<'m>(resources: &'m Resources<'m>) -> FxHashSet<&'m str> {
    let metas = resources.namespaces.iter().map(|namespace| &namespace.meta);
    metas.filter(|meta| meta.labels.text(MODE) == Some("ambient")).map(|meta| meta.name.value).collect()
}

impl<'m> Mesh<'m> {
    /// Whether any namespace is in ambient mode.
    pub fn has_ambient(&self) -> bool {
        !self.ambient_namespaces.is_empty()
    }

    pub fn is_ambient(&self, namespace: &str) -> bool {
        self.ambient_namespaces.contains(namespace)
    }

    pub fn is_ambient_workload(&self, workload: &Workload<'m>) -> bool {
        match workload.labels.text(MODE) {
            Some(mode) => mode == "ambient",
            None => self.is_ambient(workload.namespace),
        }
    }

    /// The waypoint that an object of `namespace` names in its own labels; `None` if it names none, or `none`.
    pub fn own_waypoint(&self, labels: &Labels<'m>, namespace: &'m str) -> Option<WaypointName<'m>> {
        let name = labels.get(USE).filter(|name| !matches!(name.value, "" | "none"))?;
        Some(WaypointName { name: *name, namespace: labels.text(USE_NAMESPACE).unwrap_or(namespace) })
    }

    /// Whether an object of `namespace` uses a waypoint: its own labels count, then those of its namespace.
    pub fn is_enrolled(&self, labels: &Labels<'m>, namespace: &'m str) -> bool {
        match labels.get(USE) {
            Some(_) => self.own_waypoint(labels, namespace).is_some(),
            None => self.namespace(namespace).is_some_and(|meta| self.own_waypoint(&meta.labels, namespace).is_some()),
        }
    }

    pub fn is_enrolled_service(&self, service: &Service<'m>) -> bool {
        self.is_enrolled(&service.meta().labels, service.namespace)
    }

    /// Whether the proxy of a workload is that of a gateway or waypoint of Gateway API.
    pub fn is_k8s_gateway(&self, workload: &Workload<'m>) -> bool {
        workload.labels.get("gateway.networking.k8s.io/gateway-name").is_some()
    }

    pub fn k8s_gateway(&self, namespace: &str, name: &str) -> Reference<&'m Object<'m, K8sGateway<'m>>> {
        if crate::format::has_placeholder(name) || crate::format::has_placeholder(namespace) {
            return Reference::Unknown;
        }
        match self.k8s_gateway_index.get(&(namespace, name)) {
            Some(&at) => Reference::Found(&self.resources.k8s_gateways[at]),
            None if self.is_complete(Kind::K8sGateway, namespace) => Reference::Missing,
            None => Reference::Unknown,
        }
    }

    /// Whether a workload has a sidecar although it is labelled for ambient mode.
    pub fn wants_both(&self, workload: &Workload<'m>) -> bool {
        let asks = workload.labels.text("sidecar.istio.io/inject") == Some("true");
        let inherits = || {
            let namespace = self.namespace(workload.namespace);
            let own = workload.labels.text(MODE) == Some("ambient");
            own && namespace.is_some_and(|meta| meta.labels.text("istio-injection") == Some("enabled"))
                && workload.labels.text("sidecar.istio.io/inject") != Some("false")
        };
        self.is_ambient_workload(workload) && self.injection(workload) != Injection::None && (asks || inherits())
    }
}
