use crate::mesh::{Mesh, Protocol};
use crate::model::Object;
use crate::model::virtual_service::VirtualService;
use crate::rules::Report;

use super::served_services;

/// The rules for sidecars must be for a protocol that some port of the hosts speaks.
pub fn check<'m>(mesh: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    if !mesh.applies_to_sidecars(&service.spec) {
        return;
    }
    // Whatever a gateway does with them is another question.
    if mesh.bound_gateways(service).next().is_some() {
        return;
    }
    let Some(served) = served_services(mesh, service) else { return };
    let protocols: Vec<_> = served.iter().flat_map(|served| &served.ports).map(|port| port.protocol).collect();
    if protocols.is_empty() {
        return;
    }
    let http = |protocol: &Protocol| protocol.is_http() || protocol.is_auto();
    if !service.spec.http.is_empty() && !protocols.iter().any(http) {
        report_section(report, service, "http", "no port of the hosts speaks HTTP")
            .help("name the port `http` or `http-…`, or write the rules under `tcp` or `tls`");
    }
    if !protocols.iter().all(|protocol| protocol.is_http()) {
        return;
    }
    for (section, used) in [("tls", !service.spec.tls.is_empty()), ("tcp", !service.spec.tcp.is_empty())] {
        if used {
            report_section(report, service, section, "all ports of the hosts speak HTTP")
                .help("write the rules under `http`, or name the port `tcp-…` or `tls-…`");
        }
    }
}

fn report_section<'r>(
    report: &'r mut Report,
    service: &Object<'_, VirtualService<'_>>,
    section: &str,
    text: &str,
) -> crate::rules::Draft<'r> {
    let at = service.spec.node.key_at(section).unwrap_or(service.meta.at());
    report
        .at(&service.meta, at, format!("{text}: these rules are not used"))
        .label("the name of a port tells what it speaks")
}
