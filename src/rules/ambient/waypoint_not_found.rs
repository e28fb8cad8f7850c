use crate::finding::nearest;
use crate::mesh::{Mesh, Reference, WaypointName};
use crate::model::{Kind, Labels, Meta};
use crate::rules::Report;

/// Labels that name a waypoint which does not exist.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    const LABELLED: [Kind; 3] = [Kind::Service, Kind::ServiceEntry, Kind::WorkloadEntry];
    let metas = mesh.resources.metas().filter(|meta| LABELLED.contains(&meta.kind));
    for meta in metas {
        check_labels(mesh, report, meta, &meta.labels, meta.namespace);
    }
    for namespace in &mesh.resources.namespaces {
        check_labels(mesh, report, &namespace.meta, &namespace.meta.labels, namespace.meta.name.value);
    }
    for workload in mesh.workloads.iter().filter(|workload| workload.pod().is_some()) {
        check_labels(mesh, report, workload.meta, workload.labels, workload.namespace);
    }
}

fn check_labels<'m>(mesh: &Mesh<'m>, report: &mut Report, meta: &Meta<'m>, labels: &Labels<'m>, own: &'m str) {
    let Some(WaypointName { name, namespace }) = mesh.own_waypoint(labels, own) else { return };
    match mesh.k8s_gateway(namespace, name.value) {
        Reference::Missing => {
            let gateways = mesh.resources.k8s_gateways.iter().filter(|gateway| gateway.meta.namespace == namespace);
            let message = format!("no waypoint `{}` in namespace `{namespace}`", name.value);
            let draft = report.at(meta, name.at, message).label("traffic passes no waypoint, and no policy of one");
            match nearest(name.value, gateways.map(|gateway| gateway.meta.name.value)) {
                Some(near) => draft.help(format!("did you mean `{near}`?")),
                None => draft.help("create a Gateway of class `istio-waypoint`"),
            };
        }
        Reference::Found(gateway) => {
            let class =
                gateway.spec.gateway_class_name.filter(|class| ["istio", "istio-remote"].contains(&class.value));
            let Some(class) = class else { return };
            report
                .at(meta, name.at, format!("Gateway `{}` is no waypoint", name.value))
                .label("traffic passes no waypoint, and no policy of one")
                .related(class.at, "a waypoint has the class `istio-waypoint`")
                .help("name a Gateway of class `istio-waypoint`");
        }
        Reference::Unknown => {}
    }
}
