use std::collections::BTreeSet;

use crate::mesh::{Mesh, Protocol, Service, Workload};
use crate::model::Object;
use crate::model::networking::Gateway;
use crate::rules::Report;

/// The port of a server must be one of a Service of the gateway.
pub fn check<'m>(mesh: &Mesh<'m>, gateway: &'m Object<'m, Gateway<'m>>, report: &mut Report) {
    if gateway.spec.selector.is_empty() {
        return;
    }
    let behind = services(mesh, gateway);
    let Some((service, _)) = behind.first() else { return };
    let reached: BTreeSet<i64> = behind.iter().flat_map(|(service, workload)| ports(service, workload)).collect();
    let offered: BTreeSet<i64> =
        behind.iter().flat_map(|(service, _)| &service.ports).map(|port| port.number).collect();
    for number in gateway.spec.servers.iter().filter_map(|server| server.port.as_ref()?.number) {
        if number.value == 0 || reached.contains(&number.value) {
            continue;
        }
        let message = format!("no Service of the gateway has port {}", number.value);
        let draft = report.at(&gateway.meta, number.at, message).label("the proxy listens, but nothing leads there");
        let draft = draft.related(service.at, format!("has {}", listed(&offered)));
        draft.help(format!("add port {} to the Service, or use one that it has", number.value));
    }
}

/// The Services of the proxies that a Gateway selects. Those without selector have endpoints that nobody knows.
fn services<'s, 'm>(mesh: &'s Mesh<'m>, gateway: &Object<'m, Gateway<'m>>) -> Vec<(&'s Service<'m>, &'s Workload<'m>)> {
    let selected = mesh.gateway_workloads(gateway);
    let on_host =
        |workload: &Workload<'_>| workload.pod().is_some_and(|pod| pod.host_network.is_some_and(|on| on.value));
    if selected.iter().any(on_host) {
        return Vec::new();
    }
    let pairs = selected.iter().flat_map(|workload| mesh.services_of(workload).map(move |service| (service, workload)));
    pairs.filter(|(service, _)| service.is_kubernetes()).collect()
}

/// The ports of a Service and those of the workload that they lead to: both may be written in a server.
fn ports<'m>(service: &Service<'m>, workload: &Workload<'m>) -> Vec<i64> {
    let ports = service.ports.iter().filter(|port| port.protocol != Protocol::Udp);
    ports.flat_map(|port| [Some(port.number), workload.port_number(port.target)]).flatten().collect()
}

fn listed(ports: &BTreeSet<i64>) -> String {
    match ports.len() {
        1 => format!("port {}", ports.iter().next().copied().unwrap_or_default()),
        _ => format!("ports {}", ports.iter().map(i64::to_string).collect::<Vec<_>>().join(", ")),
    }
}
