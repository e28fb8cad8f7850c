use crate::mesh::{Mesh, Selection, Workload};
use crate::model::Object;
use crate::model::networking::Sidecar;
use crate::rules::Report;

/// The ports of a Sidecar's listeners, and the ports behind them, should be ports of its workloads.
pub fn check<'m>(mesh: &Mesh<'m>, sidecar: &'m Object<'m, Sidecar<'m>>, report: &mut Report) {
    if sidecar.spec.ingress.is_empty() {
        return;
    }
    let selected = selected(mesh, sidecar);
    // Containers need not declare their ports; where some do not, anything may be one.
    if selected.is_empty() || selected.iter().any(|workload| workload.container_ports().next().is_none()) {
        return;
    }
    for listener in &sidecar.spec.ingress {
        let number = listener.port.as_ref().and_then(|port| port.number);
        let reached = |number: i64| selected.iter().any(|workload| is_port(mesh, workload, number));
        if let Some(number) = number.filter(|number| !reached(number.value)) {
            let message = format!("port {} is no port of the workloads of the Sidecar", number.value);
            let draft = report.at(&sidecar.meta, number.at, message).label("no Service leads to this listener");
            draft.help("use the target port of a Service, which is the port of a container");
        }
        let endpoint = listener.default_endpoint.and_then(|text| Some((text, text.rsplit_once(':')?.1.parse().ok()?)));
        let declared = |number: i64| selected.iter().any(|workload| has_container_port(workload, number));
        if let Some((text, port)) = endpoint.filter(|(_, port)| !declared(*port)) {
            let draft = report.at(&sidecar.meta, text.at, format!("no container of the workloads has port {port}"));
            draft
                .label("requests that arrive get 503, unless it listens all the same")
                .help("use the port that the application listens on");
        }
    }
}

fn selected<'s, 'm>(mesh: &'s Mesh<'m>, sidecar: &Object<'m, Sidecar<'m>>) -> Selection<'s, 'm> {
    let labels = sidecar.spec.workload_selector.as_ref().map(|selector| &selector.labels);
    labels.map_or_else(Selection::default, |labels| mesh.select(sidecar.meta.namespace, labels))
}

fn is_port<'m>(mesh: &Mesh<'m>, workload: &Workload<'m>, number: i64) -> bool {
    let mut ports = mesh.services_of(workload).flat_map(|service| &service.ports);
    has_container_port(workload, number) || ports.any(|port| workload.port_number(port.target) == Some(number))
}

fn has_container_port(workload: &Workload<'_>, number: i64) -> bool {
    workload.container_ports().any(|port| port.container_port.is_some_and(|own| own.value == number))
}
