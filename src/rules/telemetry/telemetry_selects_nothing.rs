use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::security::Telemetry;
use crate::rules::Report;

/// A Telemetry whose selector no workload has.
pub fn check<'m>(mesh: &Mesh<'m>, telemetry: &'m Object<'m, Telemetry<'m>>, report: &mut Report) {
    if let Some(selector) = telemetry.spec.labels() {
        let whole = telemetry.spec.selector.as_ref().and_then(|selector| selector.node.key_at("matchLabels"));
        report.selects_nothing(mesh, &telemetry.meta, selector, whole);
    }
}
