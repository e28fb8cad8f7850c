use crate::finding::Severity;
use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::destination_rule::DestinationRule;
use crate::rules::Report;

use super::outliers::outlier_detections;

/// Outlier detection should leave an endpoint, or have somewhere else to go.
pub fn check<'m>(mesh: &Mesh<'m>, rule: &'m Object<'m, DestinationRule<'m>>, report: &mut Report) {
    for found in outlier_detections(mesh, rule) {
        let limit = found.detection.max_ejection_percent.filter(|percent| percent.value >= 100);
        let floor = found.detection.min_health_percent.is_some_and(|percent| percent.value > 0);
        let Some(limit) = limit.filter(|_| !floor && !found.has_failover) else { continue };
        let draft = report
            .at(&rule.meta, limit.at, "all endpoints may be ejected")
            .label("requests then fail with `503`")
            .help("lower it, or set `minHealthPercent`");
        if found.endpoints(mesh) == Some(1) {
            draft.severity(Severity::Warning);
        }
    }
}
