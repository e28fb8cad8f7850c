use crate::mesh::{InboundPort, Mesh, Workload};
use crate::rules::Report;

/// Services that say different protocols of one port of a workload: one of them wins.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    let mut reported = rustc_hash::FxHashSet::default();
    for workload in mesh.workloads.iter().filter(|workload| mesh.may_have_proxy(workload)) {
        let ports = mesh.inbound_ports(workload);
        for (at, port) in ports.iter().enumerate() {
            let Some(other) = ports[..at].iter().find(|other| differ(other, port)) else { continue };
            if reported.insert(port.port.at) {
                say(report, workload, port, other);
            }
        }
    }
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
