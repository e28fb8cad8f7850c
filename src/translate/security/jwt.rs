//! RequestAuthentications as the filter that verifies JSON web tokens.

use std::collections::{BTreeMap, BTreeSet};

use crate::envoy::core::{DataSource, Empty};
use crate::envoy::http_connection_manager::HttpFilter;
use crate::envoy::jwt::{
    Jwks, JwtAuthentication, JwtClaimToHeader, JwtHeader, JwtProvider, JwtRequirement, JwtRequirementAndList,
    JwtRequirementOrList, NormalizePayload, RequirementRule, RuleRequirement,
};
use crate::envoy::route::{PathSpecifier, RouteMatch};
use crate::model::security::{JwtRule, RequestAuthentication};
use crate::model::{Object, Str};

use super::super::Note;

pub(super) const FILTER: &str = "envoy.filters.http.jwt_authn";

/// Where the filter leaves the claims of a token for others.
pub(super) const PAYLOAD: &str = "payload";

/// Claims that are lists whether the rule says so or not.
const SPACE_DELIMITED: [&str; 2] = ["permission", "scope"];

/// A key set whose private key nobody has. istiod puts it where it cannot fetch the keys of an issuer, so that every token
/// of that issuer is refused (istio 1.31 `pilot/pkg/model/jwks_resolver.go`, `PublicOnlyJwks`).
const UNUSABLE_KEYS: &str = r#"{
  "keys": [
    {
      "kty": "RSA",
      "e": "AQAB",
      "n": "0xObjM0UvS_oaazjpEYlAbwctEJ4L8pH3OuTb7qth7gUwqet-EzQB4dgFdvSdMgrLnSncQGRjpEYz3F3viIbH-3EN3TxSlPNviHxeOdyiBVfumN8dMxbLvVJUpfNOnvmMxJcl-8NNjAwcOjk4otSALaYgYYyOPyvKtgVdrQr-FoubWX4yrjxW-MJ2-7OBeepUUNOsVwGV23YX03sVkkyvY3otRflkBcY3_HKpBxJl9wk2GyOShN4_PNUF9-vwfnvOXMbCDX-w4PTef4geeb_GiT40YCKHTKMSPVanGRn5GExIWmki-mmqh94-mPTJyBR74ShspL3BxPZitDL574T1w"
    }
  ]
}"#;

/// The rules of all policies, in the order of istiod.
pub(super) fn rules<'m>(policies: &[&'m Object<'m, RequestAuthentication<'m>>]) -> Vec<&'m JwtRule<'m>> {
    let mut rules: Vec<_> = policies.iter().flat_map(|policy| &policy.spec.jwt_rules).collect();
    rules.sort_by_key(|rule| text(rule.issuer));
    rules
}

/// `None` if there are no rules. At gateways claims may decide the route.
pub(super) fn filter(rules: &[&JwtRule<'_>], is_router: bool) -> Option<HttpFilter> {
    if rules.is_empty() {
        return None;
    }
    let names = (0..rules.len()).map(|index| format!("origins-{index}"));
    let providers: BTreeMap<_, _> =
        names.clone().zip(rules).map(|(name, rule)| (name, provider(rule, is_router))).collect();
    let everywhere = RouteMatch { path_specifier: Some(PathSpecifier::Prefix("/".to_owned())), ..Default::default() };
    let rule = RequirementRule {
        r#match: Some(everywhere),
        requirement: Some(RuleRequirement::Requires(requirement(names.collect()))),
        ..Default::default()
    };
    let config = JwtAuthentication { providers, rules: vec![rule], bypass_cors_preflight: true, ..Default::default() };
    Some(HttpFilter::new(FILTER, config))
}

/// A request without a token passes, one with a bad token does not. Where several issuers read the same header, the token
/// of one is a bad token to the others: it is enough that one of them accepts it.
fn requirement(providers: Vec<String>) -> JwtRequirement {
    let valid_or_missing = |name: &String| {
        any([JwtRequirement::ProviderName(name.clone()), JwtRequirement::AllowMissing(Empty::default())])
    };
    if let [name] = &providers[..] {
        return valid_or_missing(name);
    }
    let all = providers.iter().map(valid_or_missing).collect();
    let all = JwtRequirement::RequiresAll(JwtRequirementAndList { requirements: all, ..Default::default() });
    any(providers.into_iter().map(JwtRequirement::ProviderName).chain([all]))
}

fn any(requirements: impl IntoIterator<Item = JwtRequirement>) -> JwtRequirement {
    let requirements = requirements.into_iter().collect();
    JwtRequirement::RequiresAny(JwtRequirementOrList { requirements, ..Default::default() })
}

fn provider(rule: &JwtRule<'_>, is_router: bool) -> JwtProvider {
    let keys = written_keys(rule).unwrap_or(UNUSABLE_KEYS);
    JwtProvider {
        issuer: text(rule.issuer).to_owned(),
        audiences: texts(&rule.audiences),
        jwks: Some(Jwks::LocalJwks(DataSource::InlineString(keys.to_owned()))),
        forward: rule.forward_original_token.is_some_and(|forward| forward.value),
        from_headers: rule.from_headers.iter().map(|place| header(place.name, place.prefix)).collect(),
        from_params: texts(&rule.from_params),
        from_cookies: texts(&rule.from_cookies),
        forward_payload_header: text(rule.output_payload_to_header).to_owned(),
        payload_in_metadata: PAYLOAD.to_owned(),
        normalize_payload_in_metadata: Some(normalization(rule)),
        claim_to_headers: rule.output_claim_to_headers.iter().map(|copy| claim(copy.header, copy.claim)).collect(),
        clear_route_cache: is_router,
        ..Default::default()
    }
}

/// What istiod would fetch from the network.
pub(super) fn notes(rules: &[&JwtRule<'_>]) -> Vec<Note> {
    let remote = rules.iter().filter(|rule| written_keys(rule).is_none());
    let note = |rule: &&JwtRule<'_>| match rule.jwks_uri.filter(|uri| !uri.is_empty()) {
        Some(uri) => {
            Note::new(uri.at, format!("the keys at `{}` are fetched by istiod; here no token is valid", uri.value))
        }
        None => {
            let message = format!("istiod asks `{}` for its keys; here no token is valid", text(rule.issuer));
            Note::new(rule.issuer.map_or(rule.node.head(), |issuer| issuer.at), message)
        }
    };
    remote.map(note).collect()
}

fn written_keys<'a>(rule: &JwtRule<'a>) -> Option<&'a str> {
    rule.jwks.map(|keys| keys.value).filter(|keys| !keys.is_empty())
}

fn normalization(rule: &JwtRule<'_>) -> NormalizePayload {
    let own = rule.space_delimited_claims.iter().map(|claim| claim.value);
    let claims: BTreeSet<_> = SPACE_DELIMITED.into_iter().chain(own).collect();
    let space_delimited_claims = claims.into_iter().map(str::to_owned).collect();
    NormalizePayload { space_delimited_claims, ..Default::default() }
}

fn header(name: Option<Str<'_>>, prefix: Option<Str<'_>>) -> JwtHeader {
    JwtHeader { name: text(name).to_owned(), value_prefix: text(prefix).to_owned(), ..Default::default() }
}

fn claim(header: Option<Str<'_>>, claim: Option<Str<'_>>) -> JwtClaimToHeader {
    JwtClaimToHeader { header_name: text(header).to_owned(), claim_name: text(claim).to_owned(), ..Default::default() }
}

fn text(field: Option<Str<'_>>) -> &str {
    field.map_or("", |text| text.value)
}

fn texts(values: &[Str<'_>]) -> Vec<String> {
    values.iter().map(|value| value.value.to_owned()).collect()
}
