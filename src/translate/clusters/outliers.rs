//! Which endpoints are ejected (istio 1.31 `pilot/pkg/networking/core/cluster_traffic_policy.go`,
//! `applyOutlierDetection`).

use crate::envoy::cluster::OutlierDetection;
use crate::model::Int;
use crate::model::destination_rule as model;

use super::pool::{duration, positive};

/// Envoy's success rates are never used.
pub(super) fn detection(settings: &model::OutlierDetection<'_>) -> OutlierDetection {
    let split = settings.split_external_local_origin_errors.is_some_and(|split| split.value);
    let local = positive(settings.consecutive_local_origin_failures).filter(|_| split);
    let server_errors = number(settings.consecutive5xx_errors);
    let gateway_errors = number(settings.consecutive_gateway_errors);
    OutlierDetection {
        consecutive_5xx: server_errors,
        enforcing_consecutive_5xx: server_errors.map(enforced),
        consecutive_gateway_failure: gateway_errors,
        enforcing_consecutive_gateway_failure: gateway_errors.map(enforced),
        interval: settings.interval.map(duration),
        base_ejection_time: settings.base_ejection_time.map(duration),
        max_ejection_percent: positive(settings.max_ejection_percent),
        enforcing_success_rate: Some(0),
        split_external_local_origin_errors: split,
        consecutive_local_origin_failure: local,
        enforcing_consecutive_local_origin_failure: local.map(enforced),
        enforcing_local_origin_success_rate: split.then_some(0),
        ..Default::default()
    }
}

fn number(written: Option<Int>) -> Option<u32> {
    written.and_then(|number| number.value.try_into().ok())
}

/// In percent; no errors at all mean that they do not count.
fn enforced(errors: u32) -> u32 {
    if errors == 0 { 0 } else { 100 }
}
