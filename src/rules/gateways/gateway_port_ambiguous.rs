use crate::model::Object;
use crate::model::networking::Gateway;
use rustc_hash::FxHashMap;

use crate::mesh::{Mesh, ServicePort, Workload};
use crate::rules::Report;

/// The Services of a gateway must agree on where a port leads.
pub fn check<'m>(mesh: &Mesh<'m>, gateway: &'m Object<'m, Gateway<'m>>, report: &mut Report) {
    if gateway.spec.selector.is_empty() {
        return;
    }
    let selected = mesh.gateway_workloads(gateway);
    let Some(workload) = selected.iter().next() else { return };
    let ports = by_number(mesh, workload);
    for number in gateway.spec.servers.iter().filter_map(|server| server.port.as_ref()?.number) {
        let Some([first, rest @ ..]) = ports.get(&number.value).map(Vec::as_slice) else { continue };
        let target = |port: &ServicePort<'_>| workload.port_number(port.target);
        let Some(other) = rest.iter().find(|port| target(port).is_some() && target(port) != target(first)) else {
            continue;
        };
        let message = format!("the Services of the gateway lead port {} to different target ports", number.value);
        let draft = report.at(&gateway.meta, number.at, message).label("the proxy listens on one of them only");
        let draft = draft.related(first.at, leads(target(first))).related(other.at, leads(target(other)));
        draft.help("give the port the same target port in all Services of the gateway");
    }
}

fn by_number<'s, 'm>(mesh: &'s Mesh<'m>, workload: &'s Workload<'m>) -> FxHashMap<i64, Vec<&'s ServicePort<'m>>> {
    let mut ports: FxHashMap<_, Vec<_>> = FxHashMap::default();
    for port in mesh.services_of(workload).flat_map(|service| &service.ports) {
        ports.entry(port.number).or_default().push(port);
    }
    ports
}

fn leads(target: Option<i64>) -> String {
    target.map_or_else(|| "leads nowhere".to_owned(), |target| format!("leads to {target}"))
}
