//! The Gateways and VirtualServices that istiod makes of objects of the Gateway API (istio 1.31
//! `pilot/pkg/config/kube/gateway`).
//!
//! They carry the annotations that istiod gives them, since they do not mean quite the same as those that users write.
//! What is made knows the places of what it is made from. Not made are ListenerSets, waypoints, checks of the certificates
//! of clients, policies for backends and inference pools.

mod backends;
mod connections;
mod filters;
mod gateways;
mod grants;
mod http;
mod maker;
mod parents;

use crate::model::gateway_api::Route;
use crate::model::kubernetes::Service;
use crate::model::networking::Gateway;
use crate::model::virtual_service::VirtualService;
use crate::model::{Meta, Object, Resources, TextWriter};

use super::Mesh;
use maker::Maker;
use parents::Parents;

/// What istiod makes of objects of the Gateway API.
#[derive(Debug, Default)]
pub struct IstioObjects<'m> {
    pub gateways: Vec<Object<'m, Gateway<'m>>>,
    pub virtual_services: Vec<Object<'m, VirtualService<'m>>>,
    /// Of the gateways that istiod runs itself, unless the input has them.
    pub services: Vec<Object<'m, Service<'m>>>,
}

const ROUTE_SEMANTICS: &str = "internal.istio.io/route-semantics";
const GATEWAY_SERVICES: &str = "internal.istio.io/gateway-service";
const PARENTS: &str = "internal.istio.io/parents";

/// Whether a VirtualService is made of a route of the Gateway API.
pub fn has_route_semantics(meta: &Meta<'_>) -> bool {
    meta.annotations.text(ROUTE_SEMANTICS) == Some("gateway")
}

/// Whether a VirtualService is made of a TLSRoute.
pub fn is_tls_route(meta: &Meta<'_>) -> bool {
    meta.annotations.text(PARENTS).is_some_and(|parents| parents.starts_with("TLSRoute/"))
}

/// The hosts of the Services whose pods a Gateway is for; `None` for one that selects pods by itself.
pub fn gateway_services<'m>(meta: &Meta<'m>) -> Option<impl Iterator<Item = &'m str>> {
    Some(meta.annotations.text(GATEWAY_SERVICES)?.split(','))
}

/// The label of the pods that istiod runs for a Gateway of the Gateway API.
pub const GATEWAY_NAME_LABEL: &str = "gateway.networking.k8s.io/gateway-name";

impl IstioObjects<'_> {
    pub fn is_empty(&self) -> bool {
        self.gateways.is_empty() && self.virtual_services.is_empty() && self.services.is_empty()
    }
}

impl<'m> IstioObjects<'m> {
    /// All objects of the mesh, with these.
    pub fn with_others(self, resources: &Resources<'m>) -> Resources<'m> {
        let mut all = resources.clone();
        all.gateways.extend(self.gateways);
        all.virtual_services.extend(self.virtual_services);
        all.services.extend(self.services);
        all
    }
}

impl<'m> Mesh<'m> {
    /// The objects that istiod works with in place of those of the Gateway API. Texts that no source holds are kept in
    /// `texts`.
    pub fn istio_objects(&self, texts: &TextWriter<'m>) -> IstioObjects<'m> {
        let maker = Maker { mesh: self, texts };
        let listening = gateways::listening(&maker);
        let services = gateways::services(&maker);
        let mut objects = IstioObjects { services, ..IstioObjects::default() };
        objects.gateways = listening.iter().map(|listening| listening.object.clone()).collect();
        let parents = Parents::new(&maker, &listening);
        objects.virtual_services = http::virtual_services(&maker, &parents);
        objects.virtual_services.extend(connections::virtual_services(&maker, &parents));
        objects
    }

    /// Routes of these kinds.
    fn http_like_routes(&self) -> impl Iterator<Item = &'m Object<'m, Route<'m>>> + use<'m> {
        let resources = self.resources;
        resources.http_routes.iter().chain(&resources.grpc_routes)
    }
}
