//! What istiod refuses in one resource although each field is legal, and what it warns of: several fields that do not go
//! together, and what schemas cannot count or compare (istio 1.31 `pkg/config/validation/validation.go` and
//! `pkg/config/validation/agent/validation.go`).

mod fields;
mod localities;

mod addresses_for_multiple_hosts;
mod all_weights_zero;
mod certificates_without_use;
mod cipher_suite_unknown;
mod claim_route_in_mesh;
mod condition_without_values;
mod configmap_credential;
mod conflicting_export_to;
mod conflicting_rewrites;
mod conflicting_route_actions;
mod conflicting_tls_fields;
mod conflicting_traffic_policy;
mod custom_policy_unsupported;
mod custom_provider_mismatch;
mod deny_rule_on_tcp;
mod deprecated_field;
mod deprecated_filter_name;
mod dns_host_wildcard;
mod dry_run_misused;
mod dynamic_dns_unsupported;
mod egress_proxy_without_allow_any;
mod empty_selector;
mod empty_settings;
mod endpoint_without_address;
mod envoy_filter_in_use;
mod failover_to_itself;
mod failover_without_outlier_detection;
mod filter_match_ignored;
mod generated_host_in_mesh;
mod http_pool_on_tcp_listener;
mod illegal_delegate;
mod incomplete_patch;
mod internal_annotation;
mod invalid_endpoint;
mod invalid_filter_match;
mod invalid_gateway_reference;
mod invalid_locality_weights;
mod invalid_patch_value;
mod large_direct_response;
mod legacy_gateway_name;
mod misplaced_egress_listener;
mod missing_certificate;
mod missing_typed_config;
mod multiple_hosts_on_tcp;
mod old_tls_version;
mod overlapping_hosts;
mod overlapping_localities;
mod partial_wildcard_host;
mod patch_match_mismatch;
mod policy_without_rules;
mod prefix_rewrite_without_prefix;
mod private_key_in_jwks;
mod probe_without_method;
mod redirect_to_https_without_http;
mod redundant_egress_host;
mod repeated_name;
mod retries_without_attempts;
mod route_without_action;
mod selector_without_resolution;
mod server_tls_mismatch;
mod sidecar_tls_unsupported;
mod sni_is_address;
mod sni_not_in_hosts;
mod tcp_without_address;
mod tracing_ignored;
mod wildcard_host_in_mesh;

use super::catalog::rules;

rules! {
    "internal-annotation" => internal_annotation::check,
    "dry-run-misused" => dry_run_misused::check,
    "conflicting-export-to" => conflicting_export_to::check,
    "empty-selector" => empty_selector::check,
    "empty-settings" => empty_settings::check,
    "route-without-action" => route_without_action::check,
    "conflicting-route-actions" => conflicting_route_actions::check,
    "conflicting-rewrites" => conflicting_rewrites::check,
    "prefix-rewrite-without-prefix" => prefix_rewrite_without_prefix::check,
    "illegal-delegate" => illegal_delegate::check,
    "retries-without-attempts" => retries_without_attempts::check,
    "all-weights-zero" => all_weights_zero::check,
    "overlapping-hosts" => overlapping_hosts::check,
    "wildcard-host-in-mesh" => wildcard_host_in_mesh::check,
    "generated-host-in-mesh" => generated_host_in_mesh::check,
    "claim-route-in-mesh" => claim_route_in_mesh::check,
    "sni-not-in-hosts" => sni_not_in_hosts::check,
    "sni-is-address" => sni_is_address::check,
    "invalid-gateway-reference" => invalid_gateway_reference::check,
    "legacy-gateway-name" => legacy_gateway_name::check,
    "server-tls-mismatch" => server_tls_mismatch::check,
    "redirect-to-https-without-http" => redirect_to_https_without_http::check,
    "conflicting-tls-fields" => conflicting_tls_fields::check,
    "missing-certificate" => missing_certificate::check,
    "certificates-without-use" => certificates_without_use::check,
    "old-tls-version" => old_tls_version::check,
    "cipher-suite-unknown" => cipher_suite_unknown::check,
    "configmap-credential" => configmap_credential::check,
    "conflicting-traffic-policy" => conflicting_traffic_policy::check,
    "invalid-locality-weights" => invalid_locality_weights::check,
    "overlapping-localities" => overlapping_localities::check,
    "failover-without-outlier-detection" => failover_without_outlier_detection::check,
    "failover-to-itself" => failover_to_itself::check,
    "deprecated-field" => deprecated_field::check,
    "deprecated-filter-name" => deprecated_filter_name::check,
    "missing-typed-config" => missing_typed_config::check,
    "large-direct-response" => large_direct_response::check,
    "repeated-name" => repeated_name::check,
    "dynamic-dns-unsupported" => dynamic_dns_unsupported::check,
    "invalid-endpoint" => invalid_endpoint::check,
    "endpoint-without-address" => endpoint_without_address::check,
    "dns-host-wildcard" => dns_host_wildcard::check,
    "multiple-hosts-on-tcp" => multiple_hosts_on_tcp::check,
    "addresses-for-multiple-hosts" => addresses_for_multiple_hosts::check,
    "tcp-without-address" => tcp_without_address::check,
    "partial-wildcard-host" => partial_wildcard_host::check,
    "selector-without-resolution" => selector_without_resolution::check,
    "misplaced-egress-listener" => misplaced_egress_listener::check,
    "egress-proxy-without-allow-any" => egress_proxy_without_allow_any::check,
    "redundant-egress-host" => redundant_egress_host::check,
    "http-pool-on-tcp-listener" => http_pool_on_tcp_listener::check,
    "sidecar-tls-unsupported" => sidecar_tls_unsupported::check,
    "custom-policy-unsupported" => custom_policy_unsupported::check,
    "custom-provider-mismatch" => custom_provider_mismatch::check,
    "policy-without-rules" => policy_without_rules::check,
    "condition-without-values" => condition_without_values::check,
    "deny-rule-on-tcp" => deny_rule_on_tcp::check,
    "private-key-in-jwks" => private_key_in_jwks::check,
    "tracing-ignored" => tracing_ignored::check,
    "probe-without-method" => probe_without_method::check,
    "envoy-filter-in-use" => envoy_filter_in_use::check,
    "incomplete-patch" => incomplete_patch::check,
    "patch-match-mismatch" => patch_match_mismatch::check,
    "invalid-filter-match" => invalid_filter_match::check,
    "invalid-patch-value" => invalid_patch_value::check,
    "filter-match-ignored" => filter_match_ignored::check,
}
