use crate::finding::Severity;
use crate::mesh::{Mesh, Reference, ServerTraffic};
use crate::model::Object;
use crate::model::virtual_service::{Section, VirtualService};
use crate::rules::Report;

/// Each section of a VirtualService must be used by some server of its Gateways.
pub fn check<'m>(mesh: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    if service.spec.is_delegate() || mesh.applies_to_sidecars(&service.spec) {
        return;
    }
    let Some(traffic) = traffic(mesh, service).filter(|traffic| !traffic.is_empty()) else { return };
    let uses = |section: &Section| traffic.iter().any(|traffic| traffic.section() == Some(*section));
    let sections = service.spec.sections();
    let severity = if sections.iter().any(uses) { Severity::Warning } else { Severity::Error };
    for section in sections.iter().filter(|section| !uses(section)) {
        let name = section.name();
        let at = service.spec.node.key_at(name).unwrap_or(service.meta.at());
        let mut draft = report
            .at(&service.meta, at, format!("no server of its Gateways uses `{name}` routes"))
            .severity(severity)
            .label("never used");
        for bound in mesh.bound_gateways(service) {
            let said = format!("its servers {}", listed(&traffic));
            draft = draft.related(bound.text.at, said);
        }
        draft.help(help(*section, &traffic));
    }
}

/// What the servers do that serve a host of the VirtualService; `None` if a Gateway is not in the input.
fn traffic<'m>(mesh: &Mesh<'m>, service: &Object<'m, VirtualService<'m>>) -> Option<Vec<ServerTraffic>> {
    let namespace = service.meta.namespace;
    let hosts: Vec<_> = service.spec.hosts.iter().map(|host| mesh.full_name(host.value, namespace)).collect();
    let mut found = Vec::new();
    for bound in mesh.bound_gateways(service) {
        let Reference::Found(gateway) = bound.gateway else { return None };
        let serving = hosts.iter().flat_map(|host| mesh.serving(gateway, host, namespace));
        found.extend(serving.map(|(server, _)| server.traffic()));
    }
    found.sort_unstable();
    found.dedup();
    Some(found)
}

fn listed(traffic: &[ServerTraffic]) -> String {
    let parts = traffic.iter().map(|traffic| match traffic {
        ServerTraffic::Http => "read HTTP and use `http` routes",
        ServerTraffic::Tcp => "forward bytes and use `tcp` routes",
        ServerTraffic::Tls => "pass TLS through and use `tls` routes",
        ServerTraffic::None => "route by SNI without VirtualServices",
    });
    parts.collect::<Vec<_>>().join(" or ")
}

fn help(section: Section, traffic: &[ServerTraffic]) -> String {
    match (section, traffic) {
        (Section::Http, [ServerTraffic::Tls]) => {
            "route by `sniHosts` in `tls`, or end TLS at the Gateway with mode `SIMPLE`".to_owned()
        }
        (Section::Tls, [ServerTraffic::Http]) => {
            "write `http` routes, or pass TLS through with mode `PASSTHROUGH`".to_owned()
        }
        (_, [ServerTraffic::None]) => "pass TLS through with mode `PASSTHROUGH`, which uses `tls` routes".to_owned(),
        _ => format!("remove `{}`, or change the protocol or TLS mode of a server", section.name()),
    }
}
