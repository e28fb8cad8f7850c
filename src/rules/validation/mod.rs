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
    "internal-annotation" for Object => internal_annotation::check,
    "dry-run-misused" for Object => dry_run_misused::check_object,
        for AuthorizationPolicy => dry_run_misused::check_policy,
    "conflicting-export-to" => conflicting_export_to::check,
    "empty-selector" for Object => empty_selector::check,
    "empty-settings" for VirtualService => empty_settings::check_virtual_service,
        for DestinationRule => empty_settings::check_destination_rule,
        for AuthorizationPolicy => empty_settings::check_authorization_policy,
        for Sidecar => empty_settings::check_sidecar,
    "route-without-action" for VirtualService => route_without_action::check,
    "conflicting-route-actions" for VirtualService => conflicting_route_actions::check,
    "conflicting-rewrites" for VirtualService => conflicting_rewrites::check,
    "prefix-rewrite-without-prefix" for VirtualService => prefix_rewrite_without_prefix::check,
    "illegal-delegate" for VirtualService => illegal_delegate::check,
    "retries-without-attempts" for VirtualService => retries_without_attempts::check,
    "all-weights-zero" for VirtualService => all_weights_zero::check,
    "overlapping-hosts" for VirtualService => overlapping_hosts::check,
    "wildcard-host-in-mesh" for VirtualService => wildcard_host_in_mesh::check,
    "generated-host-in-mesh" for VirtualService => generated_host_in_mesh::check,
    "claim-route-in-mesh" for VirtualService => claim_route_in_mesh::check,
    "sni-not-in-hosts" for VirtualService => sni_not_in_hosts::check,
    "sni-is-address" for VirtualService => sni_is_address::check,
    "invalid-gateway-reference" for VirtualService => invalid_gateway_reference::check,
    "legacy-gateway-name" for VirtualService => legacy_gateway_name::check,
    "server-tls-mismatch" for Gateway => server_tls_mismatch::check,
    "redirect-to-https-without-http" for Gateway => redirect_to_https_without_http::check,
    "conflicting-tls-fields" => conflicting_tls_fields::check,
    "missing-certificate" => missing_certificate::check,
    "certificates-without-use" => certificates_without_use::check,
    "old-tls-version" => old_tls_version::check,
    "cipher-suite-unknown" => cipher_suite_unknown::check,
    "configmap-credential" => configmap_credential::check,
    "conflicting-traffic-policy" => conflicting_traffic_policy::check,
    "invalid-locality-weights" => invalid_locality_weights::check,
    "overlapping-localities" => overlapping_localities::check,
    "failover-without-outlier-detection" for DestinationRule => failover_without_outlier_detection::check,
    "failover-to-itself" => failover_to_itself::check,
    "deprecated-field" => deprecated_field::check,
    "deprecated-filter-name" for EnvoyFilter => deprecated_filter_name::check,
    "missing-typed-config" for EnvoyFilter => missing_typed_config::check,
    "large-direct-response" for VirtualService => large_direct_response::check,
    "repeated-name" => repeated_name::check,
    "dynamic-dns-unsupported" for ServiceEntry => dynamic_dns_unsupported::check,
    "invalid-endpoint" for ServiceEntry => invalid_endpoint::check,
    "endpoint-without-address" => endpoint_without_address::check,
    "dns-host-wildcard" for ServiceEntry => dns_host_wildcard::check,
    "multiple-hosts-on-tcp" for ServiceEntry => multiple_hosts_on_tcp::check,
    "addresses-for-multiple-hosts" for ServiceEntry => addresses_for_multiple_hosts::check,
    "tcp-without-address" for ServiceEntry => tcp_without_address::check,
    "partial-wildcard-host" for ServiceEntry => partial_wildcard_host::check,
    "selector-without-resolution" for ServiceEntry => selector_without_resolution::check,
    "misplaced-egress-listener" for Sidecar => misplaced_egress_listener::check,
    "egress-proxy-without-allow-any" for Sidecar => egress_proxy_without_allow_any::check,
    "redundant-egress-host" for Sidecar => redundant_egress_host::check,
    "http-pool-on-tcp-listener" for Sidecar => http_pool_on_tcp_listener::check,
    "sidecar-tls-unsupported" for Sidecar => sidecar_tls_unsupported::check,
    "custom-policy-unsupported" => custom_policy_unsupported::check,
    "custom-provider-mismatch" for AuthorizationPolicy => custom_provider_mismatch::check,
    "policy-without-rules" for AuthorizationPolicy => policy_without_rules::check,
    "condition-without-values" for AuthorizationPolicy => condition_without_values::check,
    "deny-rule-on-tcp" for AuthorizationPolicy => deny_rule_on_tcp::check,
    "private-key-in-jwks" for RequestAuthentication => private_key_in_jwks::check,
    "tracing-ignored" for Telemetry => tracing_ignored::check,
    "probe-without-method" => probe_without_method::check,
    "envoy-filter-in-use" for EnvoyFilter => envoy_filter_in_use::check,
    "incomplete-patch" for EnvoyFilter => incomplete_patch::check,
    "patch-match-mismatch" for EnvoyFilter => patch_match_mismatch::check,
    "invalid-filter-match" for EnvoyFilter => invalid_filter_match::check,
    "invalid-patch-value" for EnvoyFilter => invalid_patch_value::check,
    "filter-match-ignored" for EnvoyFilter => filter_match_ignored::check,
}
