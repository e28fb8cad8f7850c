use crate::mesh::{Mesh, Workload};
use crate::rules::Report;

use super::workload_port_protocols::is_controller;

/// Different ports of services that lead to the same port of a workload.
pub fn check(mesh: &Mesh<'_>, workload: &Workload<'_>, report: &mut Report) {
    if !is_controller(mesh, workload) {
        return;
    }
    let mut seen: Vec<(i64, i64, crate::source::Span)> = Vec::new();
    for inbound in mesh.inbound_ports(workload) {
        let (Some(target), true) = (inbound.number, inbound.service.is_kubernetes()) else { continue };
        let number = inbound.port.number;
        let other = seen.iter().find(|(own, port, _)| *own == target && *port != number);
        if let Some((_, port, at)) = other {
            let title = workload.title();
            report
                .at(
                    workload.meta,
                    workload.meta.at(),
                    format!("ports {port} and {number} lead to port {target} of `{title}`"),
                )
                .label("the proxy cannot tell them apart")
                .related(*at, "this one")
                .related(inbound.port.at, "and this one")
                .help("use one port number for one target port");
        }
        seen.push((target, number, inbound.port.at));
    }
}
