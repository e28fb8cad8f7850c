use crate::mesh::{Injection, Mesh, TargetPort, Workload};
use crate::rules::Report;

/// Ports of the proxy itself (<https://istio.io/latest/docs/ops/deployment/application-requirements/>, Istio 1.31).
const RESERVED: [i64; 9] = [15000, 15001, 15004, 15006, 15008, 15020, 15021, 15053, 15090];

/// Of these the ports of metrics and health, which a Service may well lead to.
const PUBLIC: [i64; 3] = [15020, 15021, 15090];

/// An application cannot listen where its proxy does.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for workload in mesh.workloads.iter().filter(|workload| may_listen(workload)) {
        let Some(pod) = workload.pod() else { continue };
        let containers =
            pod.containers.iter().filter(|container| container.name.is_none_or(|name| name.value != "istio-proxy"));
        let ports = containers.flat_map(|container| &container.ports).filter_map(|port| port.container_port);
        let mut reserved = ports.filter(|port| RESERVED.contains(&port.value)).peekable();
        if reserved.peek().is_none() || mesh.injection(workload) != Injection::Sidecar {
            continue;
        }
        for port in reserved {
            report
                .at(workload.meta, port.at, format!("port {} is the proxy's", port.value))
                .label("one of the two cannot listen")
                .help("use another port: those from 15000 to 15090 are reserved");
        }
    }
    check_services(mesh, report);
}

/// Nor can a Service send requests to it there.
fn check_services(mesh: &Mesh<'_>, report: &mut Report) {
    for service in &mesh.services {
        let Some(object) = service.kubernetes() else { continue };
        let numbers = service.ports.iter().map(|port| match port.target {
            TargetPort::Number(number) if RESERVED.contains(&number) && !PUBLIC.contains(&number) => Some(number),
            TargetPort::Number(_) | TargetPort::Name(_) => None,
        });
        let reserved = numbers.zip(&object.spec.ports).filter_map(|(number, port)| Some((number?, port)));
        let mut reserved = reserved.peekable();
        if reserved.peek().is_none() {
            continue;
        }
        let workloads = mesh.workloads_of(service);
        let mut listening = workloads.iter().filter(|workload| may_listen(workload));
        let injected = listening.find(|workload| mesh.injection(workload) == Injection::Sidecar);
        let Some(workload) = injected else { continue };
        for (number, port) in reserved {
            let at = port.target_port.map_or(port.node.head(), |target| target.at);
            report
                .at(&object.meta, at, format!("port {number} is that of the proxy of `{}`", workload.title()))
                .label("the application cannot listen there")
                .help("use another port: those from 15000 to 15090 are reserved");
        }
    }
}

/// Not so for what is a proxy itself.
fn may_listen(workload: &Workload<'_>) -> bool {
    !(workload.runs_proxy() && workload.is_template())
}
