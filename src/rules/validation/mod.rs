//! What istiod refuses in one resource although each field is legal, and what it warns of: several fields that do not go
//! together, and what schemas cannot count or compare (istio 1.31 `pkg/config/validation/validation.go` and
//! `pkg/config/validation/agent/validation.go`).

mod fields;

mod all_weights_zero;
mod certificates_without_use;
mod cipher_suite_unknown;
mod claim_route_in_mesh;
mod configmap_credential;
mod conflicting_export_to;
mod conflicting_rewrites;
mod conflicting_route_actions;
mod conflicting_tls_fields;
mod dry_run_misused;
mod empty_selector;
mod empty_settings;
mod generated_host_in_mesh;
mod illegal_delegate;
mod internal_annotation;
mod invalid_gateway_reference;
mod legacy_gateway_name;
mod missing_certificate;
mod old_tls_version;
mod overlapping_hosts;
mod prefix_rewrite_without_prefix;
mod redirect_to_https_without_http;
mod retries_without_attempts;
mod route_without_action;
mod server_tls_mismatch;
mod sni_is_address;
mod sni_not_in_hosts;
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
}
