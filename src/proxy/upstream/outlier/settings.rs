//! When hosts are outliers, as configured.

use std::time::Duration;

use crate::envoy::cluster::OutlierDetection;

use super::Kind;

/// With Envoy's defaults (`source/common/upstream/outlier_detection_impl.h`, `DetectorConfig`).
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    pub interval: Duration,
    pub base_time: Duration,
    pub max_time: Duration,
    pub max_jitter: Duration,
    pub consecutive_5xx: u32,
    pub consecutive_gateway: u32,
    pub consecutive_local: u32,
    pub max_percent: u32,
    pub always_one: bool,
    pub split: bool,
    pub rate: Rates,
    enforcing: [u32; Kind::ALL.len()],
}

/// What is compared between hosts at each interval.
#[derive(Clone, Debug, PartialEq)]
pub struct Rates {
    pub least_hosts: usize,
    pub least_volume: u64,
    /// So many standard deviations below the mean.
    pub deviations: f64,
    pub failure_threshold: f64,
    pub failure_least_hosts: usize,
    pub failure_least_volume: u64,
}

impl Settings {
    pub fn new(config: &OutlierDetection) -> Self {
        let base_time = config.base_ejection_time.unwrap_or(Duration::from_secs(30));
        let local_failures = config.untyped.get("enforcing_failure_percentage_local_origin");
        let local_failures = local_failures.and_then(|value| value.as_u64()).unwrap_or(0) as u32;
        let enforcing = Kind::ALL.map(|kind| match kind {
            Kind::Consecutive5xx => config.enforcing_consecutive_5xx.unwrap_or(100),
            Kind::ConsecutiveGatewayFailure => config.enforcing_consecutive_gateway_failure.unwrap_or(0),
            Kind::ConsecutiveLocalOriginFailure => config.enforcing_consecutive_local_origin_failure.unwrap_or(100),
            Kind::SuccessRate => config.enforcing_success_rate.unwrap_or(100),
            Kind::LocalOriginSuccessRate => config.enforcing_local_origin_success_rate.unwrap_or(100),
            Kind::FailurePercentage => config.enforcing_failure_percentage.unwrap_or(0),
            Kind::LocalOriginFailurePercentage => local_failures,
        });
        Self {
            interval: config.interval.unwrap_or(Duration::from_secs(10)),
            base_time,
            max_time: config.max_ejection_time.unwrap_or(Duration::from_secs(300).max(base_time)),
            max_jitter: config.max_ejection_time_jitter.unwrap_or_default(),
            consecutive_5xx: config.consecutive_5xx.unwrap_or(5),
            consecutive_gateway: config.consecutive_gateway_failure.unwrap_or(5),
            consecutive_local: config.consecutive_local_origin_failure.unwrap_or(5),
            max_percent: config.max_ejection_percent.unwrap_or(10).min(100),
            always_one: config.always_eject_one_host.unwrap_or(false),
            split: config.split_external_local_origin_errors,
            rate: Rates {
                least_hosts: config.success_rate_minimum_hosts.unwrap_or(5) as usize,
                least_volume: config.success_rate_request_volume.unwrap_or(100).into(),
                deviations: f64::from(config.success_rate_stdev_factor.unwrap_or(1900)) / 1000.0,
                failure_threshold: config.failure_percentage_threshold.unwrap_or(85).into(),
                failure_least_hosts: config.failure_percentage_minimum_hosts.unwrap_or(5) as usize,
                failure_least_volume: config.failure_percentage_request_volume.unwrap_or(50).into(),
            },
            enforcing,
        }
    }

    /// With which percentage an outlier of this kind is ejected.
    pub fn enforcing(&self, kind: Kind) -> u64 {
        self.enforcing[kind as usize].into()
    }
}
