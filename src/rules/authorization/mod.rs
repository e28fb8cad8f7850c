//! What AuthorizationPolicies let through, and what they do not.

mod authz_allows_everything;
mod authz_allows_nothing;
mod authz_denies_everything;
mod authz_host_not_found;
mod authz_http_on_tcp;
mod authz_identity_without_mtls;
mod authz_never_matches;
mod authz_provider_not_found;
mod authz_rule_shadowed;
mod authz_selects_nothing;
mod deny_bypassed_by_path;
mod deny_bypassed_by_port;
mod http_method_unknown;
mod policy_for_gateways_and_workloads;
mod policy_target_not_found;
mod principal_not_found;
mod request_principal_without_jwt;
mod source_namespace_not_found;
mod trust_domain_unknown;

use super::catalog::rules;

rules! {
    "authz-selects-nothing" for AuthorizationPolicy => authz_selects_nothing::check,
    "authz-allows-everything" for AuthorizationPolicy => authz_allows_everything::check,
    "authz-allows-nothing" for AuthorizationPolicy => authz_allows_nothing::check,
    "authz-denies-everything" for AuthorizationPolicy => authz_denies_everything::check,
    "authz-never-matches" for AuthorizationPolicy => authz_never_matches::check,
    "authz-rule-shadowed" => authz_rule_shadowed::check,
    "policy-for-gateways-and-workloads" => policy_for_gateways_and_workloads::check,
    "authz-http-on-tcp" for AuthorizationPolicy => authz_http_on_tcp::check,
    "authz-identity-without-mtls" for AuthorizationPolicy => authz_identity_without_mtls::check,
    "authz-provider-not-found" => authz_provider_not_found::check,
    "authz-host-not-found" for AuthorizationPolicy => authz_host_not_found::check,
    "http-method-unknown" for AuthorizationPolicy => http_method_unknown::check,
    "principal-not-found" => principal_not_found::check,
    "trust-domain-unknown" => trust_domain_unknown::check,
    "source-namespace-not-found" => source_namespace_not_found::check,
    "request-principal-without-jwt" for AuthorizationPolicy => request_principal_without_jwt::check,
    "deny-bypassed-by-port" for AuthorizationPolicy => deny_bypassed_by_port::check,
    "deny-bypassed-by-path" for AuthorizationPolicy => deny_bypassed_by_path::check,
    "policy-target-not-found" => policy_target_not_found::check,
}
