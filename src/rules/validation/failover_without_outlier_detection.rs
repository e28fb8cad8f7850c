use crate::finding::Severity;
use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::destination_rule::DestinationRule;
use crate::rules::Report;

use super::fields::first_set;

/// Envoy turns away from a place when endpoints there are ejected, and nothing else ejects them.
pub fn check<'m>(_: &Mesh<'m>, rule: &'m Object<'m, DestinationRule<'m>>, report: &mut Report) {
    for block in rule.spec.levels().filter(|block| block.outlier_detection.is_none()) {
        let Some(balancer) = block.load_balancer else { continue };
        let locality = balancer.locality_lb_setting.as_ref().map(|settings| settings.node);
        let zones = balancer.zone_aware_lb_setting.as_ref().map(|settings| settings.node);
        for settings in locality.into_iter().chain(zones) {
            let Some(field) = first_set(settings, &["failover", "failoverPriority"]) else { continue };
            let at = settings.key_at(field).unwrap_or(settings.head());
            let draft = report
                .at(&rule.meta, at, format!("`{field}` without `outlierDetection`"))
                .label("no endpoint is ever ejected, so that traffic never fails over")
                .help("add `outlierDetection` beside `loadBalancer`");
            // A subset can take it from the policy of the host, and istiod says nothing below the top.
            if !block.is_top() {
                draft.severity(Severity::Info);
            }
        }
    }
}
