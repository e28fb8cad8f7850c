//! What routes match, in which order, and what they change.

mod authority_without_port;
mod conflicting_virtual_services;
mod destination_port_is_targetport;
mod destination_port_not_found;
mod destination_port_required;
mod destination_port_udp;
mod destination_ports;
mod duplicate_header_case;
mod gateway_bypasses_mesh_routing;
mod http_routes_on_non_http_port;
mod impossible_path;
mod match_port_not_listening;
mod prefix_without_boundary;
mod redirect_code_unsupported;
mod regex_dot_unescaped;
mod regex_reads_as_search;
mod rewrite_group_missing;
mod rewrite_of_regex;
mod rewrite_slash;
mod route_order_undefined;
mod service_bypasses_routes;
mod shadowed_match;
mod shadowed_route;
mod shared_gateway_host;
mod source_match_ignored;

use std::collections::BTreeSet;

use crate::mesh::matching::{HttpPredicate, Proxies};
use crate::mesh::{EffectiveRoute, Mesh, Service, ServiceLookup};
use crate::model::Object;
use crate::model::virtual_service::VirtualService;

use super::catalog::rules;

rules! {
    "shadowed-route" => shadowed_route::check_hosts, for VirtualService => shadowed_route::check,
    "shadowed-match" for VirtualService => shadowed_match::check,
    "conflicting-virtual-services" => conflicting_virtual_services::check,
    "route-order-undefined" => route_order_undefined::check,
    "shared-gateway-host" => shared_gateway_host::check,
    "destination-port-not-found" for VirtualService => destination_port_not_found::check,
    "destination-port-is-targetport" for VirtualService => destination_port_is_targetport::check,
    "destination-port-udp" for VirtualService => destination_port_udp::check,
    "destination-port-required" for VirtualService => destination_port_required::check,
    "match-port-not-listening" for VirtualService => match_port_not_listening::check,
    "http-routes-on-non-http-port" for VirtualService => http_routes_on_non_http_port::check,
    "prefix-without-boundary" for VirtualService => prefix_without_boundary::check,
    "redirect-code-unsupported" for VirtualService => redirect_code_unsupported::check,
    "impossible-path" for VirtualService => impossible_path::check,
    "rewrite-group-missing" for VirtualService => rewrite_group_missing::check,
    "rewrite-slash" for VirtualService => rewrite_slash::check,
    "service-bypasses-routes" => service_bypasses_routes::check,
    "regex-dot-unescaped" for VirtualService => regex_dot_unescaped::check,
    "regex-reads-as-search" for VirtualService => regex_reads_as_search::check,
    "source-match-ignored" for VirtualService => source_match_ignored::check,
    "rewrite-of-regex" for VirtualService => rewrite_of_regex::check,
    "authority-without-port" for VirtualService => authority_without_port::check,
    "gateway-bypasses-mesh-routing" => gateway_bypasses_mesh_routing::check,
    "duplicate-header-case" for VirtualService => duplicate_header_case::check,
}

/// Whether a finding about `route`, because of `taker`, belongs to the pass over `service`. What a delegate does to
/// itself is found in its own pass, what a root does to it only if it has no other root.
fn is_reported_with<'m>(
    mesh: &Mesh<'m>,
    service: &'m Object<'m, VirtualService<'m>>,
    route: &EffectiveRoute<'m>,
    taker: &EffectiveRoute<'m>,
) -> bool {
    if std::ptr::eq(route.owner, service) {
        return true;
    }
    let owner = &route.owner.meta;
    let delegations = service.spec.http.iter().filter_map(|http| http.delegate.as_ref()).filter(|delegate| {
        let namespace = delegate.namespace_or(service.meta.namespace);
        delegate.name.is_some_and(|name| name.value == owner.name.value) && namespace == owner.namespace
    });
    !std::ptr::eq(route.owner, taker.owner) && delegations.count() == 1 && mesh.roots(route.owner).count() == 1
}

/// The title of `route`, with its VirtualService if that is another than the one of `beside`.
fn name_of(route: &EffectiveRoute<'_>, beside: &EffectiveRoute<'_>) -> String {
    match std::ptr::eq(route.owner, beside.owner) {
        true => route.title(),
        false => format!("{} of `{}`", route.title(), route.owner.meta.full_name()),
    }
}

/// A host of a VirtualService, for examples; nothing for `*`.
fn example_host(service: &Object<'_, VirtualService<'_>>) -> String {
    let host = service.spec.hosts.first().map_or("", |host| host.value);
    match host.strip_prefix("*.") {
        Some(rest) => format!("any.{rest}"),
        None => host.trim_start_matches('*').to_owned(),
    }
}

/// The ports that requests come in on.
#[derive(Debug, Default)]
struct Ports {
    /// Of servers of gateways.
    gateways: BTreeSet<i64>,
    /// Of the services that clients of sidecars call.
    sidecars: BTreeSet<i64>,
}

/// The ports on which proxies of a VirtualService get requests for it; `None` where the input does not tell.
fn ports_of<'m>(mesh: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, proxies: &Proxies<'m>) -> Option<Ports> {
    let mut ports = Ports::default();
    for bound in mesh.bound_gateways(service).filter(|bound| proxies.includes(bound.namespace, bound.name)) {
        let gateway = bound.gateway.found()?;
        let hosts = service.spec.hosts.iter().map(|host| mesh.full_name(host.value, service.meta.namespace));
        let servers = hosts.flat_map(|host| mesh.serving(gateway, &host, service.meta.namespace));
        ports.gateways.extend(servers.filter_map(|(server, _)| server.port()));
    }
    if proxies.includes_mesh() && mesh.applies_to_sidecars(&service.spec) {
        let served = served_services(mesh, service)?;
        ports.sidecars.extend(served.iter().flat_map(|served| &served.ports).map(|port| port.number));
    }
    Some(ports)
}

/// The ports on which requests for these matches come in, as far as the input tells.
fn listener_ports<'p, 'm: 'p>(
    mesh: &Mesh<'m>,
    service: &'m Object<'m, VirtualService<'m>>,
    matches: impl Iterator<Item = &'p HttpPredicate<'m>>,
) -> Ports {
    let mut all = Ports::default();
    for predicate in matches {
        let Some(ports) = ports_of(mesh, service, &predicate.proxies) else { continue };
        let asked = |port: &i64| predicate.port.is_none_or(|asked| asked == *port);
        all.gateways.extend(ports.gateways.into_iter().filter(asked));
        all.sidecars.extend(ports.sidecars.into_iter().filter(asked));
    }
    all
}

/// The services that the hosts of a VirtualService are, for sidecars; `None` if one of the hosts is not known.
fn served_services<'s, 'm>(
    mesh: &'s Mesh<'m>,
    service: &'m Object<'m, VirtualService<'m>>,
) -> Option<Vec<&'s Service<'m>>> {
    let mut served = Vec::new();
    for host in &service.spec.hosts {
        let full = mesh.full_name(host.value, service.meta.namespace);
        let ServiceLookup::Found(_) = mesh.service(&full, service.meta.namespace) else { return None };
        served.extend(mesh.services_named(&full));
    }
    Some(served)
}
