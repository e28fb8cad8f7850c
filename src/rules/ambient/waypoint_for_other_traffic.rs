use crate::mesh::{Mesh, WaypointName};
use crate::model::{Labels, Meta};
use crate::rules::Report;

/// A waypoint is for services, for workloads, or for both.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for service in &mesh.services {
        let meta = service.meta();
        check_labels(mesh, report, meta, &meta.labels, "service");
    }
    for workload in mesh.workloads.iter().filter(|workload| workload.pod().is_some()) {
        check_labels(mesh, report, workload.meta, workload.labels, "workload");
    }
}

fn check_labels<'m>(mesh: &Mesh<'m>, report: &mut Report, meta: &Meta<'m>, labels: &Labels<'m>, traffic: &str) {
    let Some(WaypointName { name, namespace }) = mesh.own_waypoint(labels, meta.namespace) else { return };
    let Some(gateway) = mesh.k8s_gateway(namespace, name.value).found() else { return };
    let written = gateway.meta.labels.get("istio.io/waypoint-for");
    let serves = written.map_or("service", |label| label.value);
    if serves == "all" || serves == traffic {
        return;
    }
    report
        .at(meta, name.at, format!("waypoint `{}` is not for traffic to a {traffic}", name.value))
        .label("traffic does not pass it")
        .related(written.map_or(gateway.meta.at(), |label| label.at), format!("it is for: {serves}"))
        .help(format!("label the waypoint with `istio.io/waypoint-for: {traffic}` or `all`"));
}
