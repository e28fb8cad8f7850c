use crate::mesh::{Mesh, Workload};
use crate::rules::Report;

/// Only ztunnel sends traffic to waypoints.
pub fn check<'m>(mesh: &Mesh<'m>, workload: &Workload<'m>, report: &mut Report) {
    let Some(waypoint) = mesh.own_waypoint(workload.labels, workload.namespace) else { return };
    let known =
        mesh.namespace(workload.namespace).is_some() || workload.labels.get("istio.io/dataplane-mode").is_some();
    if !known || mesh.is_ambient_workload(workload) || workload.pod().is_none() {
        return;
    }
    report
        .at(workload.meta, waypoint.name.at, format!("`{}` is not in ambient mode", workload.title()))
        .label("traffic to it does not pass the waypoint")
        .help("label it, or its namespace, with `istio.io/dataplane-mode: ambient`");
}
