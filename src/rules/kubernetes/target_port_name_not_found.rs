use crate::finding::nearest;
use crate::mesh::{Mesh, Service, TargetPort};
use crate::rules::Report;

/// A `targetPort` by name needs a container port of that name.
pub fn check<'m>(mesh: &Mesh<'m>, service: &Service<'m>, report: &mut Report) {
    let Some(object) = service.kubernetes() else { return };
    let named = service.ports.iter().zip(&object.spec.ports).filter_map(|(port, written)| match port.target {
        TargetPort::Name(name) => Some((name, written.target_port?.at)),
        TargetPort::Number(_) => None,
    });
    let named: Vec<_> = named.collect();
    if named.is_empty() {
        return;
    }
    let selection = mesh.workloads_of(service);
    let workloads: Vec<_> = selection.iter().filter(|workload| workload.pod().is_some()).collect();
    let Some(first) = workloads.first() else { return };
    for (name, at) in named {
        if workloads.iter().any(|workload| workload.port_number(TargetPort::Name(name)).is_some()) {
            continue;
        }
        let names = workloads.iter().flat_map(|workload| workload.container_ports());
        let names = names.filter_map(|port| port.name.map(|name| name.value));
        let draft = report
            .at(&object.meta, at, format!("no container port is called `{name}`"))
            .label("the service has no endpoints on this port")
            .related(first.meta.at(), format!("`{}` is selected", first.title()));
        match nearest(name, names) {
            Some(near) => draft.help(format!("did you mean `{near}`?")),
            None => draft.help("name a port of the container, or write its number"),
        };
    }
}
