//! JSON web tokens: where they are found, and whether their claims are accepted (Envoy 1.40
//! `source/extensions/filters/http/jwt_authn`). Signatures and times are not looked at: a token is taken for genuine.

use serde_json::Value;

use crate::envoy::Object;
use crate::envoy::jwt::{JwtAuthentication, JwtProvider, JwtRequirement};
use crate::format::decode_base64;

use super::call::Request;
use super::matching::Metadata;
use super::route_table::RouteTable;

/// The filter, with its rules in the form of routes.
#[derive(Debug)]
pub struct Authentication {
    config: JwtAuthentication,
    rules: RouteTable,
}

/// What the filter says of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenVerdict {
    /// No rule is for the request, or it only asks whether another one may be sent.
    NotAsked,
    /// There is no token, and none is needed.
    Missing,
    /// Tokens of these issuers.
    Accepted(Vec<String>),
    Rejected {
        status: u16,
        body: &'static str,
    },
}

/// The name under which later filters find claims.
const FILTER: &str = "envoy.filters.http.jwt_authn";

/// A token as a provider finds it.
struct Token {
    claims: Option<Object>,
    /// The claims as they are written in the token.
    payload: String,
    header: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Status {
    Accepted,
    Missing,
    OtherIssuer,
    Malformed,
    OtherAudience,
}

impl Authentication {
    pub fn new(config: &JwtAuthentication) -> Self {
        let rules = config.rules.iter();
        let routes: Vec<_> = rules
            .map(|rule| crate::envoy::route::Route { r#match: rule.r#match.clone(), ..Default::default() })
            .collect();
        Self { config: config.clone(), rules: RouteTable::new(&routes) }
    }

    /// Judges the tokens of a request, tells later filters their claims, and changes headers as asked for.
    pub fn check(&self, request: &mut Request, metadata: &mut Metadata) -> TokenVerdict {
        if self.config.bypass_cors_preflight && request.is_preflight() {
            return TokenVerdict::NotAsked;
        }
        let rule = self.rules.find(request, metadata).and_then(|index| self.config.rules.get(index));
        let Some(requirement) = rule.and_then(|rule| rule.requires.as_ref()) else { return TokenVerdict::NotAsked };
        let mut accepted = Vec::new();
        let status = self.judge(requirement, request, &mut accepted);
        let rejected = |status, body| TokenVerdict::Rejected { status, body };
        match status {
            Status::Accepted if accepted.is_empty() => TokenVerdict::Missing,
            Status::Accepted => {
                accepted.dedup_by(|later, earlier| later.0.issuer == earlier.0.issuer);
                for (provider, token) in &accepted {
                    publish(provider, token, request, metadata);
                }
                TokenVerdict::Accepted(accepted.iter().map(|(provider, _)| provider.issuer.clone()).collect())
            }
            Status::Missing => rejected(401, "Jwt is missing"),
            Status::OtherIssuer => rejected(401, "Jwt issuer is not configured"),
            Status::Malformed => {
                rejected(401, "Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections")
            }
            Status::OtherAudience => rejected(403, "Audiences in Jwt are not allowed"),
        }
    }

    fn judge<'p>(
        &'p self,
        requirement: &JwtRequirement,
        request: &Request,
        accepted: &mut Vec<(&'p JwtProvider, Token)>,
    ) -> Status {
        match requirement {
            JwtRequirement::ProviderName(name) => match self.config.providers.get(name) {
                Some(provider) => judge_provider(provider, request, accepted),
                None => Status::Missing,
            },
            JwtRequirement::RequiresAny(any) => self.judge_any(&any.requirements, request, accepted),
            JwtRequirement::RequiresAll(all) => {
                let mut statuses = all.requirements.iter().map(|inner| self.judge(inner, request, accepted));
                statuses.find(|status| *status != Status::Accepted).unwrap_or(Status::Accepted)
            }
            JwtRequirement::AllowMissingOrFailed(_) | JwtRequirement::AllowMissing(_) => Status::Accepted,
            JwtRequirement::Other(_) => Status::Accepted,
        }
    }

    /// A token that is there but wrong is worse than none (`AnyVerifierImpl` in `verifier.cc`).
    fn judge_any<'p>(
        &'p self,
        any: &[JwtRequirement],
        request: &Request,
        accepted: &mut Vec<(&'p JwtProvider, Token)>,
    ) -> Status {
        let (mut may_miss, mut may_fail) = (false, false);
        let mut worst = Status::Missing;
        for requirement in any {
            match requirement {
                JwtRequirement::AllowMissing(_) => may_miss = true,
                JwtRequirement::AllowMissingOrFailed(_) => may_fail = true,
                _ => match self.judge(requirement, request, accepted) {
                    Status::Accepted => return Status::Accepted,
                    status if worst == Status::Missing => worst = status,
                    Status::Missing | Status::OtherIssuer => {}
                    status => worst = status,
                },
            }
        }
        if may_fail || (may_miss && worst == Status::Missing) { Status::Accepted } else { worst }
    }
}

fn judge_provider<'p>(
    provider: &'p JwtProvider,
    request: &Request,
    accepted: &mut Vec<(&'p JwtProvider, Token)>,
) -> Status {
    let mut status = Status::Missing;
    for token in tokens(provider, request) {
        status = judge_token(provider, &token);
        if status != Status::Accepted {
            return status;
        }
        accepted.push((provider, token));
    }
    status
}

fn judge_token(provider: &JwtProvider, token: &Token) -> Status {
    let Some(claims) = &token.claims else { return Status::Malformed };
    let issuer = claims.get("iss").and_then(Value::as_str).unwrap_or_default();
    if !provider.issuer.is_empty() && issuer != provider.issuer {
        return Status::OtherIssuer;
    }
    let for_whom = match claims.get("aud") {
        Some(Value::Array(audiences)) => audiences.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(audience)) => vec![audience.as_str()],
        _ => Vec::new(),
    };
    let wanted = |audience: &&str| provider.audiences.iter().any(|own| bare(own) == bare(audience));
    if provider.audiences.is_empty() || for_whom.iter().any(wanted) { Status::Accepted } else { Status::OtherAudience }
}

/// An audience without what may differ: `https://a.test/` and `a.test` are the same.
fn bare(audience: &str) -> &str {
    let rest = audience.strip_prefix("https://").or_else(|| audience.strip_prefix("http://")).unwrap_or(audience);
    rest.strip_suffix('/').unwrap_or(rest)
}

/// The tokens where the provider looks for them; by default after `Bearer`, and in the parameter `access_token`.
fn tokens(provider: &JwtProvider, request: &Request) -> Vec<Token> {
    if let Some(claims) = &request.claims {
        return vec![Token { claims: Some(claims.clone()), payload: String::new(), header: None }];
    }
    let mut found = Vec::new();
    let mut in_header = |name: &str, prefix: &str| {
        let value = request.headers.get(name).and_then(|value| Some(&value[value.find(prefix)? + prefix.len()..]));
        found.extend(value.map(|text| token(text, Some(name))));
    };
    let usual = provider.from_headers.is_empty() && provider.from_params.is_empty() && provider.from_cookies.is_empty();
    if usual {
        in_header("authorization", "Bearer ");
    }
    for header in &provider.from_headers {
        in_header(&header.name, &header.value_prefix);
    }
    let usual = usual.then_some("access_token");
    let parameters: Vec<_> = provider.from_params.iter().map(String::as_str).chain(usual).collect();
    let of_query = request.query().filter(|(name, _)| parameters.contains(name)).map(|(_, text)| token(text, None));
    found.extend(of_query);
    let cookies = request.header("cookie").unwrap_or_default();
    let cookies = cookies.split(';').filter_map(|cookie| cookie.trim().split_once('='));
    let wanted = cookies.filter(|(name, _)| provider.from_cookies.iter().any(|own| own == name));
    found.extend(wanted.map(|(_, text)| token(text, None)));
    found
}

fn token(text: &str, header: Option<&str>) -> Token {
    let parts: Vec<_> = text.trim().split('.').collect();
    let payload = if let [_, payload, _] = parts[..] { payload } else { "" };
    let claims = decode_base64(payload).and_then(|bytes| serde_json::from_slice(&bytes).ok());
    Token { claims, payload: payload.to_owned(), header: header.map(str::to_owned) }
}

/// What a token that is accepted changes.
fn publish(provider: &JwtProvider, token: &Token, request: &mut Request, metadata: &mut Metadata) {
    let claims = token.claims.clone().unwrap_or_default();
    for to_header in &provider.claim_to_headers {
        let value = to_header.claim_name.split('.').try_fold(None, |value: Option<&Value>, key| {
            Some(Some(value.map_or_else(|| claims.get(key), |value| value.get(key))?))
        });
        match value.flatten() {
            Some(Value::String(text)) => request.headers.add(&to_header.header_name, text.clone()),
            Some(value @ (Value::Bool(_) | Value::Number(_))) => {
                request.headers.add(&to_header.header_name, value.to_string());
            }
            _ => {}
        }
    }
    if !provider.forward_payload_header.is_empty() && !token.payload.is_empty() {
        request.headers.add(&provider.forward_payload_header, token.payload.clone());
    }
    if let Some(header) = token.header.as_ref().filter(|_| !provider.forward) {
        request.headers.remove(header);
    }
    if !provider.payload_in_metadata.is_empty() {
        let own = metadata.entry(FILTER).or_insert_with(|| Value::Object(Object::new()));
        if let Some(own) = own.as_object_mut() {
            own.insert(provider.payload_in_metadata.clone(), Value::Object(normalized(provider, claims)));
        }
    }
}

/// Claims that are lists written as texts become lists.
fn normalized(provider: &JwtProvider, mut claims: Object) -> Object {
    let lists = provider.normalize_payload_in_metadata.iter().flat_map(|lists| &lists.space_delimited_claims);
    for name in lists {
        if let Some(Value::String(text)) = claims.get(name) {
            let parts: Vec<_> = text.split(' ').map(Value::from).collect();
            claims.insert(name.clone(), Value::Array(parts));
        }
    }
    claims
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Authentication, TokenVerdict};
    use crate::envoy::Json;
    use crate::envoy::jwt::JwtAuthentication;
    use crate::trace::{Headers, Request};

    /// `{"iss":"a","aud":"x","scope":"r w"}`, `{"iss":"b"}` and `{"iss":"c"}` between two dots.
    const OF_A: &str = "e30.eyJpc3MiOiJhIiwiYXVkIjoieCIsInNjb3BlIjoiciB3In0.s";
    const OF_B: &str = "e30.eyJpc3MiOiJiIn0.s";
    const OF_C: &str = "e30.eyJpc3MiOiJjIn0.s";

    /// What istiod makes of two rules: tokens may be missing, but not be wrong.
    fn filter() -> Authentication {
        let provider = |issuer: &str, audiences: &[&str]| {
            json!({"issuer": issuer, "audiences": audiences, "payloadInMetadata": "payload",
                "normalizePayloadInMetadata": {"spaceDelimitedClaims": ["scope"]},
                "claimToHeaders": [{"headerName": "x-iss", "claimName": "iss"}]})
        };
        let maybe =
            |name: &str| json!({"requiresAny": {"requirements": [{"providerName": name}, {"allowMissing": {}}]}});
        let config = json!({
            "providers": {"p0": provider("a", &["https://x/"]), "p1": provider("b", &["y"]), "p2": provider("c", &[])},
            "bypassCorsPreflight": true,
            "rules": [{"match": {"prefix": "/"}, "requires": {"requiresAny": {"requirements": [
                {"providerName": "p0"}, {"providerName": "p1"}, {"providerName": "p2"},
                {"requiresAll": {"requirements": [maybe("p0"), maybe("p1"), maybe("p2")]}}]}}}],
        });
        Authentication::new(&JwtAuthentication::read(&config).unwrap())
    }

    #[test]
    fn tokens_may_be_missing_but_not_wrong() {
        let bearer = |token: &str| Some(("authorization", format!("Bearer {token}")));
        let rejected = |status, body| TokenVerdict::Rejected { status, body };
        let table = [
            (None, "/", TokenVerdict::Missing),
            (bearer(OF_A), "/", TokenVerdict::Accepted(vec!["a".to_owned()])),
            (bearer(OF_C), "/", TokenVerdict::Accepted(vec!["c".to_owned()])),
            (bearer(OF_B), "/", rejected(403, "Audiences in Jwt are not allowed")),
            (bearer("e30.eyJpc3MiOiJkIn0.s"), "/", rejected(401, "Jwt issuer is not configured")),
            (
                bearer("x"),
                "/",
                rejected(401, "Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections"),
            ),
            (None, "/?access_token=e30.eyJpc3MiOiJjIn0.s", TokenVerdict::Accepted(vec!["c".to_owned()])),
        ];
        for (header, path, expected) in table {
            let headers: Headers = header.clone().into_iter().collect();
            let mut request = Request { headers, ..Request::get("a.test", path) };
            assert_eq!(filter().check(&mut request, &mut serde_json::Map::new()), expected, "{header:?} {path}");
        }
    }

    #[test]
    fn later_filters_see_the_claims_and_the_server_does_not_see_the_token() {
        let headers: Headers = [("authorization", format!("Bearer {OF_A}"))].into_iter().collect();
        let mut request = Request { headers, ..Request::get("a.test", "/") };
        let mut metadata = serde_json::Map::new();
        filter().check(&mut request, &mut metadata);
        let expected = json!({"envoy.filters.http.jwt_authn":
            {"payload": {"iss": "a", "aud": "x", "scope": ["r", "w"]}}});
        assert_eq!(Value::Object(metadata), expected);
        assert_eq!(request.headers.iter().collect::<Vec<_>>(), [("x-iss", "a")]);
    }
}
