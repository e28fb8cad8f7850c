use crate::mesh::Mesh;
use crate::rules::Report;

/// A Telemetry whose selector no workload has.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for telemetry in &mesh.resources.telemetries {
        if let Some(selector) = telemetry.spec.labels() {
            let whole = telemetry.spec.selector.as_ref().and_then(|selector| selector.node.key_at("matchLabels"));
            report.selects_nothing(mesh, &telemetry.meta, selector, whole);
        }
    }
}
