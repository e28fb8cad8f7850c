//! Policies for traffic: balancing, pools, outliers, timeouts, retries, faults, mirrors, CORS.

mod cors_any_origin_with_credentials;
mod deprecated_load_balancer;
mod destination_rules_overlap;
mod fault_percent_deprecated;
mod fault_without_percentage;
mod max_ejection_zero;
mod mirror_percentage_without_mirror;
mod outlier_cannot_eject;
mod port_settings_replace;
mod port_settings_unknown_port;
mod retry_exceeds_timeout;
mod tls_without_ca;

use super::catalog::rules;

rules! {
    "outlier-cannot-eject" => outlier_cannot_eject::check,
    "max-ejection-zero" => max_ejection_zero::check,
    "port-settings-replace" => port_settings_replace::check,
    "port-settings-unknown-port" => port_settings_unknown_port::check,
    "destination-rules-overlap" => destination_rules_overlap::check,
    "deprecated-load-balancer" => deprecated_load_balancer::check,
    "tls-without-ca" => tls_without_ca::check,
    "port-tls-without-ca" => tls_without_ca::check_ports,
    "cors-any-origin-with-credentials" => cors_any_origin_with_credentials::check,
    "retry-exceeds-timeout" => retry_exceeds_timeout::check,
    "fault-without-percentage" => fault_without_percentage::check,
    "fault-percent-deprecated" => fault_percent_deprecated::check,
    "mirror-percentage-without-mirror" => mirror_percentage_without_mirror::check,
}
