use crate::mesh::{Mesh, host_matches};
use crate::model::gateway_api::{K8sGateway, Listener, ParentReference, Route};
use crate::model::{Kind, Meta, Object};
use crate::rules::Report;

use super::references::{gateways, routes};

/// Why a listener does not take a route. The order is that of being near: the last is told.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Refusal {
    Section,
    Kind,
    Namespace,
    Hostname,
}

/// Routes that no listener of their Gateway takes.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for route in routes(mesh) {
        for (parent, name, namespace) in gateways(route) {
            let Some(gateway) = mesh.k8s_gateway(namespace, name.value).found() else { continue };
            let refusals: Option<Vec<_>> =
                gateway.spec.listeners.iter().map(|listener| refusal(mesh, gateway, listener, route, parent)).collect();
            // A listener that takes the route leaves a hole in the list.
            let Some(nearest) = refusals.and_then(|refusals| refusals.into_iter().max()) else { continue };
            let (why, help) = match nearest {
                Refusal::Section => {
                    let section = parent.section_name.map(|section| format!("called `{}`", section.value));
                    let port = || parent.port.map(|port| format!("of port {}", port.value));
                    let which = section.or_else(port).unwrap_or_default();
                    (format!("there is no listener {which}"), "correct `sectionName` or `port`")
                }
                Refusal::Kind => {
                    (format!("no listener is for a {}", route.meta.kind.name()), "name a listener of that protocol")
                }
                Refusal::Namespace => (
                    format!("no listener takes routes of namespace `{}`", route.meta.namespace),
                    "allow it in `allowedRoutes.namespaces` of the listener",
                ),
                Refusal::Hostname => {
                    ("no listener serves these hostnames".to_owned(), "use hostnames that a listener has")
                }
            };
            report
                .at(&route.meta, name.at, format!("no listener of Gateway `{}` takes this route", name.value))
                .label(why)
                .related(gateway.meta.at(), "the Gateway")
                .help(help);
        }
    }
}

/// Why the listener does not take the route; `None` if it does, or if that cannot be told.
fn refusal<'m>(
    mesh: &Mesh<'m>,
    gateway: &Object<'m, K8sGateway<'m>>,
    listener: &Listener<'m>,
    route: &Object<'m, Route<'m>>,
    parent: &ParentReference<'m>,
) -> Option<Refusal> {
    let section =
        parent.section_name.is_none_or(|section| listener.name.is_some_and(|name| name.value == section.value));
    let port = parent.port.is_none_or(|port| listener.port.is_some_and(|own| own.value == port.value));
    if !section || !port {
        return Some(Refusal::Section);
    }
    if !takes_kind(listener, route.meta.kind) {
        return Some(Refusal::Kind);
    }
    if !takes_namespace(mesh, &gateway.meta, listener, route.meta.namespace) {
        return Some(Refusal::Namespace);
    }
    let hostname = listener.hostname.filter(|hostname| !hostname.is_empty());
    let hosts = &route.spec.hostnames;
    let served =
        hostname.is_none_or(|own| hosts.is_empty() || hosts.iter().any(|host| host_matches(own.value, host.value)));
    (!served).then_some(Refusal::Hostname)
}

fn takes_kind(listener: &Listener<'_>, kind: Kind) -> bool {
    let kinds = listener.allowed_routes.as_ref().map_or(&[][..], |allowed| &allowed.kinds);
    if !kinds.is_empty() {
        return kinds.iter().any(|own| own.kind.is_some_and(|own| own.value == kind.name()));
    }
    match listener.protocol.map(|protocol| protocol.value) {
        Some("HTTP" | "HTTPS") => matches!(kind, Kind::HttpRoute | Kind::GrpcRoute),
        Some("TLS") => matches!(kind, Kind::TlsRoute | Kind::TcpRoute),
        Some("TCP") => kind == Kind::TcpRoute,
        _ => true,
    }
}

fn takes_namespace(mesh: &Mesh<'_>, gateway: &Meta<'_>, listener: &Listener<'_>, namespace: &str) -> bool {
    let namespaces = listener.allowed_routes.as_ref().and_then(|allowed| allowed.namespaces.as_ref());
    let from = namespaces.and_then(|namespaces| namespaces.from).map_or("Same", |from| from.value);
    match from {
        "All" => true,
        "None" => false,
        "Selector" => {
            let selector = namespaces.and_then(|namespaces| namespaces.selector.as_ref());
            let (Some(selector), Some(meta)) = (selector, mesh.namespace(namespace)) else { return true };
            // Kubernetes gives every namespace this label.
            selector.selects(|key| match key {
                "kubernetes.io/metadata.name" => Some(meta.name.value),
                key => meta.labels.text(key),
            })
        }
        _ => gateway.namespace == namespace,
    }
}
