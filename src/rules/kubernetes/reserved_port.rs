use crate::mesh::{Injection, Mesh};
use crate::rules::Report;

/// Ports of the proxy itself (<https://istio.io/latest/docs/ops/deployment/application-requirements/>, Istio 1.31).
const RESERVED: [i64; 9] = [15000, 15001, 15004, 15006, 15008, 15020, 15021, 15053, 15090];

/// An application cannot listen where its proxy does.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for workload in &mesh.workloads {
        let Some(pod) = workload.pod() else { continue };
        let containers =
            pod.containers.iter().filter(|container| container.name.is_none_or(|name| name.value != "istio-proxy"));
        let ports = containers.flat_map(|container| &container.ports).filter_map(|port| port.container_port);
        let mut reserved = ports.filter(|port| RESERVED.contains(&port.value)).peekable();
        if reserved.peek().is_none() || workload.runs_proxy() && workload.is_template() {
            continue;
        }
        if mesh.injection(workload) != Injection::Sidecar {
            continue;
        }
        for port in reserved {
            report
                .at(workload.meta, port.at, format!("port {} is the proxy's", port.value))
                .label("one of the two cannot listen")
                .help("use another port: those from 15000 to 15090 are reserved");
        }
    }
}
