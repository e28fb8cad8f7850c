//! Policies for traffic: balancing, pools, outliers, timeouts, retries, faults, mirrors, CORS.

mod connect_timeout_too_long;
mod cors_allow_origin_ignored;
mod cors_any_origin_with_credentials;
mod cors_origin_malformed;
mod cors_origin_too_wide;
mod cors_preflight_excluded;
mod deprecated_load_balancer;
mod destination_rule_of_others;
mod destination_rules_overlap;
mod fault_delay_exceeds_timeout;
mod fault_injected;
mod fault_percent_deprecated;
mod fault_without_percentage;
mod hash_cookie_without_ttl;
mod hash_key_unavailable;
mod http_pool_on_tcp;
mod ignored_route_settings;
mod locality_disabled;
mod many_retries;
mod max_ejection_zero;
mod mirror_percentage_without_mirror;
mod mirror_percentage_zero;
mod mirror_to_itself;
mod one_request_per_connection;
mod outlier_cannot_eject;
mod outlier_detection_off;
mod outlier_ejects_all;
mod outliers;
mod port_settings_replace;
mod port_settings_unknown_port;
mod retriable_codes_missing;
mod retries_not_idempotent;
mod retry_exceeds_timeout;
mod superseded_field;
mod timeout_on_grpc;
mod timeout_on_websocket;
mod tls_without_ca;
mod warmup_ignored;
mod zero_means_default;

use crate::mesh::{Mesh, Service, has_wildcard};
use crate::model::Object;
use crate::model::destination_rule::DestinationRule;

use super::catalog::rules;

rules! {
    "outlier-cannot-eject" for DestinationRule => outlier_cannot_eject::check,
    "max-ejection-zero" for DestinationRule => max_ejection_zero::check,
    "port-settings-replace" for DestinationRule => port_settings_replace::check,
    "port-settings-unknown-port" for DestinationRule => port_settings_unknown_port::check,
    "destination-rules-overlap" for DestinationRule => destination_rules_overlap::check,
    "deprecated-load-balancer" for DestinationRule => deprecated_load_balancer::check,
    "tls-without-ca" for DestinationRule => tls_without_ca::check,
    "port-tls-without-ca" => tls_without_ca::check_ports,
    "cors-any-origin-with-credentials" for VirtualService => cors_any_origin_with_credentials::check,
    "retry-exceeds-timeout" for VirtualService => retry_exceeds_timeout::check,
    "fault-without-percentage" for VirtualService => fault_without_percentage::check,
    "fault-percent-deprecated" for VirtualService => fault_percent_deprecated::check,
    "mirror-percentage-without-mirror" for VirtualService => mirror_percentage_without_mirror::check,
    "outlier-ejects-all" for DestinationRule => outlier_ejects_all::check,
    "outlier-detection-off" for DestinationRule => outlier_detection_off::check,
    "retries-not-idempotent" for VirtualService => retries_not_idempotent::check,
    "retriable-codes-missing" for VirtualService => retriable_codes_missing::check,
    "many-retries" for VirtualService => many_retries::check,
    "ignored-route-settings" for VirtualService => ignored_route_settings::check,
    "hash-key-unavailable" for DestinationRule => hash_key_unavailable::check,
    "hash-cookie-without-ttl" for DestinationRule => hash_cookie_without_ttl::check,
    "destination-rule-of-others" for DestinationRule => destination_rule_of_others::check,
    "fault-injected" for VirtualService => fault_injected::check,
    "fault-delay-exceeds-timeout" for VirtualService => fault_delay_exceeds_timeout::check,
    "mirror-to-itself" for VirtualService => mirror_to_itself::check,
    "mirror-percentage-zero" for VirtualService => mirror_percentage_zero::check,
    "cors-preflight-excluded" for VirtualService => cors_preflight_excluded::check,
    "cors-origin-malformed" for VirtualService => cors_origin_malformed::check,
    "cors-allow-origin-ignored" for VirtualService => cors_allow_origin_ignored::check,
    "cors-origin-too-wide" for VirtualService => cors_origin_too_wide::check,
    "zero-means-default" for DestinationRule => zero_means_default::check,
    "http-pool-on-tcp" for DestinationRule => http_pool_on_tcp::check,
    "one-request-per-connection" for DestinationRule => one_request_per_connection::check,
    "connect-timeout-too-long" for VirtualService => connect_timeout_too_long::check,
    "warmup-ignored" for DestinationRule => warmup_ignored::check,
    "locality-disabled" for DestinationRule => locality_disabled::check,
    "timeout-on-grpc" for VirtualService => timeout_on_grpc::check,
    "timeout-on-websocket" for VirtualService => timeout_on_websocket::check,
    "superseded-field" => superseded_field::check,
}

/// The services that a DestinationRule is for, as its own namespace sees them; none for a wildcard.
fn governed_services<'s, 'm>(mesh: &'s Mesh<'m>, rule: &Object<'m, DestinationRule<'m>>) -> Vec<&'s Service<'m>> {
    let Some(host) = rule.spec.host else { return Vec::new() };
    let full = mesh.full_name(host.value, rule.meta.namespace);
    if has_wildcard(&full) { Vec::new() } else { mesh.services_named(&full).collect() }
}

/// The service of a DestinationRule, if neither of its ports, or not the one in question, can carry HTTP.
fn speaks_no_http<'s, 'm>(
    mesh: &'s Mesh<'m>,
    rule: &Object<'m, DestinationRule<'m>>,
    port: Option<i64>,
) -> Option<&'s Service<'m>> {
    let services = governed_services(mesh, rule);
    let ports = services.iter().flat_map(|service| &service.ports);
    let mut ports = ports.filter(|own| port.is_none_or(|port| own.number == port)).peekable();
    ports.peek()?;
    let tcp = ports.all(|port| !port.protocol.is_http() && !port.protocol.is_auto());
    services.first().copied().filter(|_| tcp)
}
