use crate::mesh::{InboundPort, Mesh, Workload};
use crate::rules::Report;

/// Services that say different protocols of one port of a workload: one of them wins.
pub fn check(mesh: &Mesh<'_>, workload: &Workload<'_>, report: &mut Report) {
    for (port, other) in disputes(mesh, workload) {
        // One workload is enough to say it of the port.
        let others = mesh.workloads_of(port.service);
        let mut before = others.iter().take_while(|before| !std::ptr::eq(*before, workload));
        if !before.any(|before| disputes(mesh, before).iter().any(|(own, _)| own.port.at == port.port.at)) {
            say(report, workload, &port, &other);
        }
    }
}

/// The ports of services about which another one for the workload says something else, and the first that does.
fn disputes<'s, 'm>(mesh: &'s Mesh<'m>, workload: &Workload<'m>) -> Vec<(InboundPort<'s, 'm>, InboundPort<'s, 'm>)> {
    if !mesh.may_have_proxy(workload) {
        return Vec::new();
    }
    let ports = mesh.inbound_ports(workload);
    let mut disputes: Vec<(InboundPort<'_, '_>, InboundPort<'_, '_>)> = Vec::new();
    for (at, port) in ports.iter().enumerate() {
        let Some(other) = ports[..at].iter().find(|other| differ(other, port)) else { continue };
        // Each host of a ServiceEntry has the port.
        if !disputes.iter().any(|(own, _)| own.port.at == port.port.at) {
            disputes.push((*port, *other));
        }
    }
    disputes
}

fn differ(left: &InboundPort<'_, '_>, right: &InboundPort<'_, '_>) -> bool {
    let same_port = left.number.is_some() && left.number == right.number;
    let (left, right) = (left.port.protocol, right.port.protocol);
    same_port && !left.is_auto() && !right.is_auto() && left.is_http() != right.is_http()
}

fn say(report: &mut Report, workload: &Workload<'_>, port: &InboundPort<'_, '_>, other: &InboundPort<'_, '_>) {
    let number = port.number.unwrap_or_default();
    let words = |port: &InboundPort<'_, '_>| if port.port.protocol.is_http() { "HTTP" } else { "no HTTP" };
    report
        .at(
            port.service.meta(),
            port.port.at,
            format!("port {number} of `{}` speaks {}", workload.title(), words(port)),
        )
        .label(format!("but {} for `{}`; the older Service decides", words(other), other.service.meta().full_name()))
        .related(other.port.at, "the other port")
        .help("give both ports the same protocol");
}
