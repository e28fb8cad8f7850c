use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::destination_rule::DestinationRule;
use crate::rules::Report;

use super::outliers::{ejection_limit, outlier_detections};

/// Envoy 1.40 ejects a host only if the share of ejected hosts stays within the maximum: with few endpoints, never.
pub fn check<'m>(mesh: &Mesh<'m>, rule: &'m Object<'m, DestinationRule<'m>>, report: &mut Report) {
    for watch in outlier_detections(mesh, rule) {
        let Some((service, endpoints)) = watch.service.zip(watch.endpoints(mesh)) else { continue };
        let limit = ejection_limit(watch.detection);
        if 100 <= limit.saturating_mul(endpoints) {
            continue;
        }
        report
            .at(&rule.meta, watch.at, format!("outlier detection can eject none of {endpoints} endpoints"))
            .label(format!("one of {endpoints} is more than {limit} %, the most that is ejected"))
            .related(service.at, "the service has so many in the input")
            .help(format!("set `maxEjectionPercent` to at least {}", (99 + endpoints) / endpoints));
    }
}
