use crate::finding::Severity;
use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::destination_rule::DestinationRule;
use crate::rules::Report;

/// Outlier detection must count something.
pub fn check<'m>(_: &Mesh<'m>, rule: &'m Object<'m, DestinationRule<'m>>, report: &mut Report) {
    for detection in rule.spec.levels().filter_map(|level| level.outlier_detection) {
        let gateway = detection.consecutive_gateway_errors.filter(|count| count.value > 0);
        let local = detection.consecutive_local_origin_failures.is_some_and(|count| count.value > 0);
        let all = detection.consecutive5xx_errors;
        match (all, gateway) {
            (Some(off), None) if off.value == 0 && !local => {
                report
                    .at(&rule.meta, off.at, "no errors are counted: nothing is ever ejected")
                    .help("set `consecutive5xxErrors` or `consecutiveGatewayErrors`");
            }
            (all, Some(gateway)) => {
                let limit = all.map_or(5, |all| all.value);
                if limit > 0 && gateway.value >= limit {
                    report
                        .at(&rule.meta, gateway.at, format!("{limit} errors of any kind come first"))
                        .severity(Severity::Info)
                        .label("gateway errors count as `5xx`, too")
                        .help("set it below `consecutive5xxErrors`");
                }
            }
            _ => {}
        }
    }
}
