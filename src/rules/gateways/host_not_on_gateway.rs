use std::collections::BTreeSet;

use crate::finding::Severity;
use crate::mesh::{BoundGateway, Mesh, Reference, host_matches};
use crate::model::networking::Gateway;
use crate::model::virtual_service::VirtualService;
use crate::model::{Object, Str};
use crate::rules::Report;
use crate::rules::words::list;

/// A Gateway must serve a host of every VirtualService that names it, and every host must have such a Gateway.
pub fn check<'m>(mesh: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    if service.spec.hosts.is_empty() || service.spec.hosts.iter().any(Str::is_placeholder) {
        return;
    }
    let bound: Vec<_> = mesh.bound_gateways(service).collect();
    let mut served = vec![false; service.spec.hosts.len()];
    for used in &bound {
        let Reference::Found(gateway) = used.gateway else { continue };
        let accepted = accepted_hosts(mesh, service, gateway);
        if !accepted.contains(&true) && has_hosts(gateway) {
            report_gateway(service, used, gateway, report);
        }
        served.iter_mut().zip(accepted).for_each(|(served, accepted)| *served |= accepted);
    }
    // Sidecars may serve the others, and so may a Gateway that is not in the input.
    let complete = bound.iter().all(|used| matches!(used.gateway, Reference::Found(_)));
    if !complete || mesh.applies_to_sidecars(&service.spec) || !served.contains(&true) {
        return;
    }
    for (host, _) in service.spec.hosts.iter().zip(served).filter(|(_, served)| !served) {
        report_host(service, host, &bound, report);
    }
}

/// For each host of the VirtualService whether a server of the Gateway serves it.
fn accepted_hosts<'m>(
    mesh: &Mesh<'m>,
    service: &Object<'m, VirtualService<'m>>,
    gateway: &'m Object<'m, Gateway<'m>>,
) -> Vec<bool> {
    let namespace = service.meta.namespace;
    let full_names = service.spec.hosts.iter().map(|host| mesh.full_name(host.value, namespace));
    full_names.map(|host| !mesh.serving(gateway, &host, namespace).is_empty()).collect()
}

/// Without servers, or with placeholders in their hosts, nothing can be said.
fn has_hosts(gateway: &Object<'_, Gateway<'_>>) -> bool {
    let mut hosts = gateway.spec.servers.iter().flat_map(|server| &server.hosts).peekable();
    hosts.peek().is_some() && !hosts.any(Str::is_placeholder)
}

fn report_gateway<'m>(
    service: &'m Object<'m, VirtualService<'m>>,
    used: &BoundGateway<'m>,
    gateway: &'m Object<'m, Gateway<'m>>,
    report: &mut Report,
) {
    let title = gateway.meta.full_name();
    let draft =
        report.at(&service.meta, used.text.at, format!("Gateway `{title}` serves no host of the VirtualService"));
    let mut draft = draft.label("requests for its hosts get 404 there");
    for host in &service.spec.hosts {
        draft = draft.related(host.at, "not served");
    }
    let namespace = service.meta.namespace;
    match excluded(service, gateway) {
        Some((host, only)) => draft
            .related(host.at, format!("for VirtualServices in namespace `{only}` only"))
            .help(format!("move the VirtualService to `{only}`, or admit `{namespace}` in the Gateway")),
        None => draft
            .related(gateway.meta.at(), format!("serves {}", listed(gateway)))
            .help("add the host to a server of the Gateway, or correct it"),
    };
}

fn report_host(
    service: &Object<'_, VirtualService<'_>>,
    host: &Str<'_>,
    bound: &[BoundGateway<'_>],
    report: &mut Report,
) {
    let draft = report.at(&service.meta, host.at, format!("no Gateway of the VirtualService serves `{}`", host.value));
    let mut draft = draft.severity(Severity::Warning).label("requests for it get 404");
    for gateway in bound.iter().filter_map(|used| used.gateway.found()) {
        draft = draft.related(gateway.meta.at(), format!("serves {}", listed(gateway)));
    }
    draft.help("add the host to a server of a Gateway, or remove it here");
}

/// A server host that only its namespace prefix keeps from serving the VirtualService.
fn excluded<'m>(
    service: &Object<'m, VirtualService<'m>>,
    gateway: &'m Object<'m, Gateway<'m>>,
) -> Option<(Str<'m>, &'m str)> {
    let hosts = gateway.spec.servers.iter().flat_map(|server| &server.hosts);
    hosts.filter_map(|text| text.value.split_once('/').map(|parts| (text, parts))).find_map(|(text, (only, host))| {
        let only = if only == "." { gateway.meta.namespace } else { only };
        service.spec.hosts.iter().any(|own| host_matches(host, own.value)).then_some((*text, only))
    })
}

/// The hosts of a Gateway, for a message.
fn listed(gateway: &Object<'_, Gateway<'_>>) -> String {
    let hosts = gateway.spec.servers.iter().flat_map(|server| &server.hosts);
    let hosts: BTreeSet<_> = hosts.map(|host| host.value).collect();
    list(&hosts.into_iter().collect::<Vec<_>>())
}
