use crate::mesh::{Mesh, Service, TargetPort};
use crate::rules::Report;

/// A `targetPort` by number that no container declares, although they declare others.
pub fn check<'m>(mesh: &Mesh<'m>, service: &Service<'m>, report: &mut Report) {
    let Some(object) = service.kubernetes() else { return };
    let selection = mesh.workloads_of(service);
    let declared = selection.iter().flat_map(|workload| workload.container_ports());
    let declared: Vec<_> = declared.filter_map(|port| port.container_port).collect();
    let Some(first) = declared.first() else { return };
    if selection.iter().any(|workload| workload.runs_proxy()) {
        return;
    }
    for (port, written) in service.ports.iter().zip(&object.spec.ports) {
        let TargetPort::Number(number) = port.target else { continue };
        if declared.iter().any(|declared| declared.value == number) {
            continue;
        }
        report
            .at(&object.meta, written.node.head(), format!("no container declares port {number}"))
            .label("nothing may listen there")
            .related(first.at, "this port is declared")
            .help("correct `targetPort`, or declare the port");
    }
}
