//! What routes refer to, with what the API server fills in.

use crate::mesh::Mesh;
use crate::model::gateway_api::{ParentReference, Route, RouteRule};
use crate::model::{Int, Kind, Meta, Object, Str};
use crate::source::Span;

/// A Service that a route names.
#[derive(Clone, Copy)]
pub struct ServiceReference<'m> {
    pub meta: &'m Meta<'m>,
    /// Where the reference begins.
    pub at: Span,
    pub name: Str<'m>,
    pub namespace: &'m str,
    pub port: Option<Int>,
    /// A parent names the Service for which the route is; a backend must say a port.
    pub parent: bool,
}

/// Routes of all kinds.
pub fn routes<'m>(mesh: &Mesh<'m>) -> impl Iterator<Item = &'m Object<'m, Route<'m>>> + use<'m> {
    let resources = mesh.resources;
    [&resources.http_routes, &resources.grpc_routes, &resources.tls_routes, &resources.tcp_routes].into_iter().flatten()
}

/// The Gateways that a route names: the reference, and the namespace that it means.
pub fn gateways<'m>(
    route: &'m Object<'m, Route<'m>>,
) -> impl Iterator<Item = (&'m ParentReference<'m>, Str<'m>, &'m str)> {
    route.spec.parent_refs.iter().filter_map(|parent| {
        let kind = parent.kind.map_or("Gateway", |kind| kind.value);
        let group = parent.group.map_or("gateway.networking.k8s.io", |group| group.value);
        let namespace = parent.namespace.map_or(route.meta.namespace, |namespace| namespace.value);
        let named = kind == Kind::K8sGateway.name() && group == Kind::K8sGateway.group();
        Some((parent, parent.name.filter(|_| named)?, namespace))
    })
}

/// The Services that a route names, as backends, mirrors and parents.
pub fn services<'m>(route: &'m Object<'m, Route<'m>>) -> Vec<ServiceReference<'m>> {
    let own = route.meta.namespace;
    let meta = &route.meta;
    let is_service = |group: Option<Str<'m>>, kind: Option<Str<'m>>, default: &str| {
        group.is_none_or(|group| ["", "core"].contains(&group.value))
            && kind.map_or(default, |kind| kind.value) == "Service"
    };
    let mut all = Vec::new();
    for parent in &route.spec.parent_refs {
        let (Some(name), true) = (parent.name, is_service(parent.group, parent.kind, "Gateway")) else { continue };
        let namespace = parent.namespace.map_or(own, |namespace| namespace.value);
        all.push(ServiceReference { meta, at: parent.node.head(), name, namespace, port: parent.port, parent: true });
    }
    for rule in &route.spec.rules {
        let mirrors = rule.filters.iter().filter_map(|filter| filter.request_mirror.as_ref()?.backend_ref.as_ref());
        let mirrors = mirrors.map(|own| (own.node, own.group, own.kind, own.name, own.namespace, own.port));
        let backends = rule.backend_refs.iter();
        let backends = backends.map(|own| (own.node, own.group, own.kind, own.name, own.namespace, own.port));
        for (node, group, kind, name, namespace, port) in backends.chain(mirrors) {
            let (Some(name), true) = (name, is_service(group, kind, "Service")) else { continue };
            let (at, namespace) = (node.head(), namespace.map_or(own, |namespace| namespace.value));
            all.push(ServiceReference { meta, at, name, namespace, port, parent: false });
        }
    }
    all
}

/// The rules of all routes.
pub fn rules<'m>(mesh: &Mesh<'m>) -> impl Iterator<Item = (&'m Object<'m, Route<'m>>, &'m RouteRule<'m>)> + use<'m> {
    routes(mesh).flat_map(|route| route.spec.rules.iter().map(move |rule| (route, rule)))
}
