use std::collections::BTreeSet;

use crate::mesh::{GatewayReference, Mesh, Service, ServiceLookup, TargetPort};
use crate::model::networking::Gateway;
use crate::model::virtual_service::{DestinationUse, VirtualService};
use crate::model::{Object, Str};
use crate::rules::Report;
use crate::source::Span;

/// Traffic that sidecars send through an egress gateway must find a server and a route there.
pub fn check<'m>(mesh: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    if service.spec.gateways.is_empty() || !mesh.applies_to_sidecars(&service.spec) {
        return;
    }
    let destinations = service.spec.destinations();
    for bound in mesh.bound_gateways(service) {
        let Some(gateway) = bound.gateway.found().filter(|gateway| !gateway.spec.selector.is_empty()) else {
            continue;
        };
        let through: Vec<_> = destinations
            .iter()
            .filter(|used| !used.mirror)
            .filter_map(|used| Some((used, egress_service(mesh, service, gateway, used)?)))
            .collect();
        let Some((used, target)) = through.first() else { continue };
        let Some(host) = used.destination.host else { continue };
        if !has_server(mesh, service, gateway, used, target) {
            let message =
                format!("Gateway `{}` has no server for what is sent to `{}`", gateway.meta.full_name(), host.value);
            let draft = report.at(&service.meta, place(used).unwrap_or(host.at), message);
            let draft =
                draft.label("the egress gateway refuses it, or answers 404").related(gateway.meta.at(), "this Gateway");
            draft.help("add a server with the port of its Service and with the host");
            continue;
        }
        let back: BTreeSet<Span> = through.iter().map(|(used, _)| used.route.at()).collect();
        if !leaves(service, bound.text, &back) && !has_other_routes(mesh, service, gateway) {
            let message = format!("nothing says where `{}` sends the traffic on to", bound.text.value);
            let draft = report.at(&service.meta, bound.text.at, message);
            let draft = draft
                .label("the egress gateway answers 404, or sends to itself")
                .related(host.at, "sidecars send it there");
            draft.help(format!(
                "add a rule with `match: [{{gateways: [{}]}}]` that leads to the real destination",
                bound.text.value
            ));
        }
    }
}

/// The port of a destination, else its host.
fn place(used: &DestinationUse<'_, '_>) -> Option<Span> {
    let port = used.destination.port.as_ref().and_then(|port| port.number);
    port.map(|port| port.at).or(used.destination.host.map(|host| host.at))
}

/// The Service that a route leads to, if it is that of the proxies of the Gateway.
fn egress_service<'s, 'm>(
    mesh: &'s Mesh<'m>,
    service: &Object<'m, VirtualService<'m>>,
    gateway: &Object<'m, Gateway<'m>>,
    used: &DestinationUse<'_, 'm>,
) -> Option<&'s Service<'m>> {
    let namespace = service.meta.namespace;
    let ServiceLookup::Found(target) =
        mesh.service(&mesh.full_name(used.destination.host?.value, namespace), namespace)
    else {
        return None;
    };
    let proxies: BTreeSet<Span> = mesh.gateway_workloads(gateway).iter().map(|workload| workload.meta.at()).collect();
    let is_theirs = match proxies.is_empty() {
        // Where the input has no proxies, what asks for the same labels is for the same pods.
        true => target.selector().is_some_and(|labels| labels.contains(&gateway.spec.selector)),
        false => mesh.workloads_of(target).iter().any(|workload| proxies.contains(&workload.meta.at())),
    };
    is_theirs.then_some(target)
}

/// Whether a server of the Gateway has a host of the VirtualService and the port that the route leads to.
fn has_server<'m>(
    mesh: &Mesh<'m>,
    service: &Object<'m, VirtualService<'m>>,
    gateway: &'m Object<'m, Gateway<'m>>,
    used: &DestinationUse<'_, 'm>,
    target: &Service<'m>,
) -> bool {
    let wanted = used.destination.port.as_ref().and_then(|port| port.number).map(|number| number.value);
    let wanted = wanted.or_else(|| (target.ports.len() == 1).then(|| target.ports[0].number));
    let selected = mesh.gateway_workloads(gateway);
    let behind = wanted.and_then(|number| {
        let port = target.port(number)?;
        match port.target {
            TargetPort::Number(number) => Some(number),
            TargetPort::Name(_) => selected.iter().next()?.port_number(port.target),
        }
    });
    let namespace = service.meta.namespace;
    mesh.servers(gateway).any(|server| {
        let port = server.port();
        let reached = wanted.is_none() || port == wanted || port == behind;
        reached
            && service.spec.hosts.iter().any(|host| server.accepts(&mesh.full_name(host.value, namespace), namespace))
    })
}

/// Whether a rule that applies to the Gateway leads elsewhere than back to it.
fn leaves(service: &Object<'_, VirtualService<'_>>, gateway: Str<'_>, back: &BTreeSet<Span>) -> bool {
    let namespace = service.meta.namespace;
    let own = GatewayReference::parse(gateway.value, namespace);
    let is_own = |text: &Str<'_>| GatewayReference::parse(text.value, namespace) == own;
    service.spec.rules().iter().any(|rule| rule.applies(is_own) && !back.contains(&rule.node.at()))
}

/// Whether another VirtualService of the Gateway routes one of the hosts.
fn has_other_routes<'m>(
    mesh: &Mesh<'m>,
    service: &Object<'m, VirtualService<'m>>,
    gateway: &'m Object<'m, Gateway<'m>>,
) -> bool {
    mesh.virtual_services_of_gateway(&gateway.meta).any(|other| {
        !std::ptr::eq(other, service) && other.spec.hosts.iter().any(|host| service.spec.hosts.contains(host))
    })
}
