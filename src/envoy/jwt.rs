//! The HTTP filter that verifies JSON web tokens.

use std::collections::BTreeMap;
use std::time::Duration;

use super::core::{DataSource, Empty, HttpUri};
use super::matcher::StringMatcher;
use super::route::RouteMatch;

message! {
    pub struct JwtAuthentication = "envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication" {
        providers: BTreeMap<String, JwtProvider>,
        rules: Vec<RequirementRule>,
        bypass_cors_preflight: bool,
        requirement_map: BTreeMap<String, JwtRequirement>,
        strip_failure_response: bool,
    }
}

message! {
    pub struct JwtProvider = "envoy.extensions.filters.http.jwt_authn.v3.JwtProvider" {
        issuer: String,
        audiences: Vec<String>,
        subjects: Option<StringMatcher>,
        require_expiration: bool,
        max_lifetime: Option<Duration>,
        jwks: Option<Jwks>,
        forward: bool,
        from_headers: Vec<JwtHeader>,
        from_params: Vec<String>,
        from_cookies: Vec<String>,
        forward_payload_header: String,
        pad_forward_payload_header: bool,
        payload_in_metadata: String,
        normalize_payload_in_metadata: Option<NormalizePayload>,
        header_in_metadata: String,
        clock_skew_seconds: u32,
        claim_to_headers: Vec<JwtClaimToHeader>,
        clear_route_cache: bool,
    }
}

oneof! {
    pub enum Jwks {
        RemoteJwks: RemoteJwks = "remote_jwks",
        LocalJwks: DataSource = "local_jwks",
    }
}

message! {
    pub struct NormalizePayload = "envoy.extensions.filters.http.jwt_authn.v3.JwtProvider.NormalizePayload" {
        space_delimited_claims: Vec<String>,
    }
}

message! {
    pub struct RequirementRule = "envoy.extensions.filters.http.jwt_authn.v3.RequirementRule" {
        r#match: Option<RouteMatch>,
        requirement: Option<RuleRequirement>,
    }
}

oneof! {
    pub enum RuleRequirement {
        Requires: JwtRequirement = "requires",
        RequirementName: String = "requirement_name",
    }
}

choice! {
    pub enum JwtRequirement = "envoy.extensions.filters.http.jwt_authn.v3.JwtRequirement" {
        ProviderName: String = "provider_name",
        ProviderAndAudiences: ProviderWithAudiences = "provider_and_audiences",
        RequiresAny: JwtRequirementOrList = "requires_any",
        RequiresAll: JwtRequirementAndList = "requires_all",
        AllowMissingOrFailed: Empty = "allow_missing_or_failed",
        AllowMissing: Empty = "allow_missing",
    }
}

message! {
    pub struct ProviderWithAudiences = "envoy.extensions.filters.http.jwt_authn.v3.ProviderWithAudiences" {
        provider_name: String,
        audiences: Vec<String>,
    }
}

message! {
    pub struct JwtRequirementOrList = "envoy.extensions.filters.http.jwt_authn.v3.JwtRequirementOrList" {
        requirements: Vec<JwtRequirement>,
    }
}

message! {
    pub struct JwtHeader = "envoy.extensions.filters.http.jwt_authn.v3.JwtHeader" {
        name: String,
        value_prefix: String,
    }
}

message! {
    pub struct JwtClaimToHeader = "envoy.extensions.filters.http.jwt_authn.v3.JwtClaimToHeader" {
        header_name: String,
        claim_name: String,
    }
}

message! {
    pub struct JwtRequirementAndList = "envoy.extensions.filters.http.jwt_authn.v3.JwtRequirementAndList" {
        requirements: Vec<JwtRequirement>,
    }
}

message! {
    pub struct RemoteJwks = "envoy.extensions.filters.http.jwt_authn.v3.RemoteJwks" {
        http_uri: Option<HttpUri>,
        cache_duration: Option<Duration>,
    }
}
