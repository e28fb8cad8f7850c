//! JSON web tokens: where they are found, whether they are accepted, and what then changes (Envoy 1.40
//! `source/extensions/filters/http/jwt_authn`). A token is verified as of [`Request::received`](super::Request); without
//! that it is taken for genuine: neither its signature nor its times are looked at.

mod absent;
mod extraction;
mod keys;
mod refusal;
mod token;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use crate::envoy::Object;
use crate::envoy::core::DataSource;
use crate::envoy::jwt::{Jwks, JwtAuthentication, JwtProvider, JwtRequirement, RuleRequirement};
use crate::format::encode_base64;

use super::call::Request;
use super::matching::{Metadata, TextTest};
use super::route_table::RouteTable;

pub use absent::{AbsentKeys, KeyPlace};
use extraction::{Found, Place, extract, remove_parameter};
use keys::Keys;
use refusal::Refusal;
use token::Token;

/// The filter, with its rules in the form of routes.
#[derive(Debug)]
pub struct Authentication {
    rules: RouteTable,
    /// By the index of their rule.
    requirements: Vec<Option<JwtRequirement>>,
    /// For routes that name them.
    named: BTreeMap<String, JwtRequirement>,
    providers: BTreeMap<String, Provider>,
    bypass_cors_preflight: bool,
    strips_body: bool,
    /// Whether the claims of tokens may lead to another route.
    pub(super) clears_route: bool,
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
        reason: Cow<'static, str>,
        /// Empty if the filter is to hide the reason.
        body: Cow<'static, str>,
        /// The value of `www-authenticate`.
        challenge: Option<String>,
    },
}

#[derive(Debug)]
struct Provider {
    config: JwtProvider,
    keys: KeySource,
    subjects: Option<TextTest>,
}

#[derive(Debug)]
enum KeySource {
    /// `None` if no key can be used.
    Local(Option<Keys>),
    Absent(Arc<AbsentKeys>),
}

/// What a verification works with.
struct Hearing<'h> {
    request: &'h mut Request,
    /// What later filters see of tokens.
    extracted: Object,
    accepted: Vec<String>,
}

/// The name under which later filters find claims.
const FILTER: &str = "envoy.filters.http.jwt_authn";

/// In seconds.
const USUAL_CLOCK_SKEW: u64 = 60;

impl Authentication {
    pub fn new(config: &JwtAuthentication) -> Self {
        let routes: Vec<_> = config
            .rules
            .iter()
            .map(|rule| crate::envoy::route::Route { r#match: rule.r#match.clone(), ..Default::default() })
            .collect();
        let requirements = config.rules.iter().map(|rule| match rule.requirement.as_ref()? {
            RuleRequirement::Requires(requirement) => Some(requirement.clone()),
            RuleRequirement::RequirementName(name) => config.requirement_map.get(name).cloned(),
        });
        let providers = config.providers.iter();
        Self {
            rules: RouteTable::new(&routes),
            requirements: requirements.collect(),
            named: config.requirement_map.clone(),
            providers: providers.map(|(name, provider)| (name.clone(), Provider::new(provider))).collect(),
            bypass_cors_preflight: config.bypass_cors_preflight,
            strips_body: config.strip_failure_response,
            clears_route: config.providers.values().any(|provider| provider.clear_route_cache),
        }
    }

    /// What of the configuration cannot be executed here where Envoy can.
    pub fn unsupported(&self) -> Vec<String> {
        let problem = |(name, provider): (&String, &Provider)| match &provider.keys {
            KeySource::Local(Some(keys)) if keys.has_unsupported() => {
                Some(format!("provider `{name}` has a key of P-521: tokens by ES512 are refused"))
            }
            KeySource::Local(_) | KeySource::Absent(_) => None,
        };
        self.providers.iter().filter_map(problem).collect()
    }

    pub fn absent_keys(&self) -> impl Iterator<Item = &Arc<AbsentKeys>> {
        self.providers.values().filter_map(|provider| match &provider.keys {
            KeySource::Absent(keys) => Some(keys),
            KeySource::Local(_) => None,
        })
    }

    /// Judges the tokens of a request, tells later filters their claims, and changes headers as asked for. `required`: the
    /// name of the requirement that the route has in place of the rules.
    pub fn check(&self, request: &mut Request, metadata: &mut Metadata, required: Option<&str>) -> TokenVerdict {
        if self.bypass_cors_preflight && request.is_preflight() {
            return TokenVerdict::NotAsked;
        }
        let requirement = match required {
            Some(name) => match self.named.get(name) {
                Some(named) => Some(named),
                None => return self.unnamed(name),
            },
            None => {
                let rule = self.rules.find(request, metadata).and_then(|index| self.requirements.get(index));
                rule.and_then(Option::as_ref)
            }
        };
        let Some(requirement) = requirement else { return TokenVerdict::NotAsked };
        let uri = uri(request);
        let mut hearing = Hearing { request, extracted: Object::new(), accepted: Vec::new() };
        let result = self.judge(requirement, &mut hearing);
        let Hearing { extracted, mut accepted, .. } = hearing;
        if !extracted.is_empty() {
            let own = metadata.entry(FILTER).or_insert_with(|| Value::Object(Object::new()));
            if let Some(own) = own.as_object_mut() {
                own.extend(extracted);
            }
        }
        accepted.dedup();
        match result {
            Ok(()) if accepted.is_empty() => TokenVerdict::Missing,
            Ok(()) => TokenVerdict::Accepted(accepted),
            Err(refusal) => self.rejected(refusal, &uri),
        }
    }

    fn rejected(&self, refusal: Refusal, uri: &str) -> TokenVerdict {
        let (status, reason) = (refusal.status(), refusal.text());
        if self.strips_body {
            return TokenVerdict::Rejected { status, reason: reason.into(), body: "".into(), challenge: None };
        }
        let error = if refusal == Refusal::MISSING { "" } else { ", error=\"invalid_token\"" };
        let challenge = Some(format!("Bearer realm=\"{uri}\"{error}"));
        TokenVerdict::Rejected { status, reason: reason.into(), body: reason.into(), challenge }
    }

    /// For a route that names a requirement that is not there.
    fn unnamed(&self, name: &str) -> TokenVerdict {
        let names: Vec<_> = self.named.keys().map(String::as_str).collect();
        let reason = format!("Wrong requirement_name: {name}. It should be one of [{}]", names.join(","));
        let body = format!("Failed JWT authentication: {reason}");
        TokenVerdict::Rejected { status: 403, reason: reason.into(), body: body.into(), challenge: None }
    }

    fn judge(&self, requirement: &JwtRequirement, hearing: &mut Hearing<'_>) -> Result<(), Refusal> {
        match requirement {
            JwtRequirement::ProviderName(name) => self.judge_provider(name, None, hearing),
            JwtRequirement::ProviderAndAudiences(own) => {
                self.judge_provider(&own.provider_name, Some(&own.audiences), hearing)
            }
            JwtRequirement::RequiresAny(any) => self.judge_any(&any.requirements, hearing),
            JwtRequirement::RequiresAll(all) => {
                all.requirements.iter().try_for_each(|inner| self.judge(inner, hearing))
            }
            JwtRequirement::AllowMissing(_) => self.judge_all_providers(hearing).or_else(|refusal| match refusal {
                Refusal::MISSING => Ok(()),
                refusal => Err(refusal),
            }),
            JwtRequirement::AllowMissingOrFailed(_) => self.judge_all_providers(hearing).or(Ok(())),
            JwtRequirement::Other(_) => Ok(()),
        }
    }

    /// A token that is there but wrong is worse than none (`AnyVerifierImpl` in `verifier.cc`).
    fn judge_any(&self, any: &[JwtRequirement], hearing: &mut Hearing<'_>) -> Result<(), Refusal> {
        let may_fail = any.iter().find(|one| matches!(one, JwtRequirement::AllowMissingOrFailed(_)));
        let may_miss = any.iter().find(|one| matches!(one, JwtRequirement::AllowMissing(_)));
        let is_real = |one: &&JwtRequirement| {
            !matches!(one, JwtRequirement::AllowMissing(_) | JwtRequirement::AllowMissingOrFailed(_))
        };
        if let (false, Some(lenient)) = (any.iter().any(|one| is_real(&one)), may_fail.or(may_miss)) {
            return self.judge(lenient, hearing);
        }
        let mut worst = Refusal::MISSING;
        for requirement in any.iter().filter(is_real) {
            match self.judge(requirement, hearing) {
                Ok(()) => return Ok(()),
                Err(refusal) if worst == Refusal::MISSING => worst = refusal,
                Err(Refusal::MISSING | Refusal::OTHER_ISSUER) => {}
                Err(refusal) => worst = refusal,
            }
        }
        let passes = may_fail.is_some() || (may_miss.is_some() && worst == Refusal::MISSING);
        if passes { Ok(()) } else { Err(worst) }
    }

    /// All tokens have to be good, the last found is looked at first: one that is good would not excuse another that the
    /// server might use.
    fn judge_provider(
        &self,
        name: &str,
        audiences: Option<&[String]>,
        hearing: &mut Hearing<'_>,
    ) -> Result<(), Refusal> {
        let Some(provider) = self.providers.get(name) else { return Err(Refusal::MISSING) };
        provider.sanitize(hearing.request);
        let found = extract(&[&provider.config], hearing.request);
        if found.is_empty() {
            return Err(Refusal::MISSING);
        }
        found.iter().rev().try_for_each(|found| {
            let token = read(found, hearing.request)?;
            provider.judge(found, &token, audiences, hearing)
        })
    }

    /// Tokens of whatever issuer. That of the first place decides; the others count only if they are good.
    fn judge_all_providers(&self, hearing: &mut Hearing<'_>) -> Result<(), Refusal> {
        self.providers.values().for_each(|provider| provider.sanitize(hearing.request));
        let configs: Vec<_> = self.providers.values().map(|provider| &provider.config).collect();
        let mut result = Err(Refusal::MISSING);
        for found in extract(&configs, hearing.request).iter().rev() {
            result = read(found, hearing.request).and_then(|token| {
                let provider = found.allows(token.issuer()).then(|| self.provider_of(token.issuer())).flatten();
                provider.ok_or(Refusal::OTHER_ISSUER)?.judge(found, &token, None, hearing)
            });
        }
        result
    }

    /// One without an issuer takes tokens of all that no other is for.
    fn provider_of(&self, issuer: &str) -> Option<&Provider> {
        let of = |issuer: &str| self.providers.values().find(|provider| provider.config.issuer == issuer);
        of(issuer).or_else(|| of(""))
    }
}

/// A token as it was found, verified later if that is to be done at all.
fn read(found: &Found<'_>, request: &Request) -> Result<Token, Refusal> {
    match (&request.claims, request.received) {
        (Some(claims), _) => Token::of_claims(claims.clone()),
        (None, Some(_)) => Token::parse(&found.text),
        (None, None) => Token::parse_claims(&found.text),
    }
}

/// Of the request, as the challenge repeats it.
fn uri(request: &Request) -> String {
    const LONGEST_PATH: usize = 256;
    let path = request.headers.get("x-envoy-original-path").unwrap_or(&request.path);
    let path = &path[..path.floor_char_boundary(LONGEST_PATH.min(path.len()))];
    format!("{}://{}{path}", request.scheme, request.authority)
}

impl Provider {
    fn new(config: &JwtProvider) -> Self {
        let local = |source: &DataSource| match source {
            DataSource::InlineString(text) => Keys::parse(text),
            DataSource::InlineBytes(bytes) => Keys::parse(&String::from_utf8_lossy(&bytes.0)),
            _ => None,
        };
        let absent = |place| KeySource::Absent(Arc::new(AbsentKeys::new(place)));
        let keys = match &config.jwks {
            Some(Jwks::LocalJwks(DataSource::Filename(file))) => absent(KeyPlace::File(file.clone())),
            Some(Jwks::LocalJwks(source)) => KeySource::Local(local(source)),
            Some(Jwks::RemoteJwks(remote)) => absent(KeyPlace::Server(remote.clone())),
            None => KeySource::Local(None),
        };
        Self { config: config.clone(), keys, subjects: config.subjects.as_ref().map(TextTest::new) }
    }

    /// Clients may not claim what only the filter knows.
    fn sanitize(&self, request: &mut Request) {
        let own = self.config.claim_to_headers.iter().map(|copy| copy.header_name.as_str());
        let payload = Some(self.config.forward_payload_header.as_str()).filter(|name| !name.is_empty());
        own.chain(payload).for_each(|name| request.headers.remove(name));
    }

    fn judge(
        &self,
        found: &Found<'_>,
        token: &Token,
        audiences: Option<&[String]>,
        hearing: &mut Hearing<'_>,
    ) -> Result<(), Refusal> {
        if !found.allows(token.issuer()) {
            return Err(Refusal::OTHER_ISSUER);
        }
        if self.subjects.as_ref().is_some_and(|subjects| !subjects.matches(token.subject())) {
            return Err(Refusal::NOT_VERIFIED);
        }
        // Claims that are given are those of a good token.
        let now = hearing.request.received.filter(|_| hearing.request.claims.is_none());
        if let Some(now) = now {
            self.check_time(token, now)?;
        }
        let audiences = audiences.unwrap_or(&self.config.audiences);
        let allowed = |audience: &String| audiences.iter().any(|own| bare(own) == bare(audience));
        if !audiences.is_empty() && !token.audiences.iter().any(allowed) {
            return Err(Refusal::OTHER_AUDIENCE);
        }
        if now.is_some() {
            self.verify(token)?;
        }
        self.accept(found, token, hearing);
        Ok(())
    }

    fn check_time(&self, token: &Token, now: u64) -> Result<(), Refusal> {
        let skew = match self.config.clock_skew_seconds {
            0 => USUAL_CLOCK_SKEW,
            own => own.into(),
        };
        token.check_time(now, skew)?;
        let must_expire = self.config.require_expiration || self.config.max_lifetime.is_some();
        let left = token.expires().map(|expires| expires.saturating_sub(now));
        let lasts = |left: u64| self.config.max_lifetime.is_none_or(|most| left < most.as_secs());
        if must_expire && !left.is_some_and(lasts) { Err(Refusal::NOT_VERIFIED) } else { Ok(()) }
    }

    fn verify(&self, token: &Token) -> Result<(), Refusal> {
        match &self.keys {
            KeySource::Local(Some(keys)) => keys.verify(token),
            KeySource::Local(None) => Err(Refusal::NO_KEYS),
            KeySource::Absent(keys) => keys.verify(token),
        }
    }

    /// What a token that is accepted changes.
    fn accept(&self, found: &Found<'_>, token: &Token, hearing: &mut Hearing<'_>) {
        let Hearing { request, extracted, accepted } = hearing;
        let JwtProvider { forward_payload_header, payload_in_metadata, header_in_metadata, .. } = &self.config;
        if !forward_payload_header.is_empty() && !token.payload.is_empty() {
            request.headers.add(forward_payload_header, padded(&token.payload, self.config.pad_forward_payload_header));
        }
        for copy in &self.config.claim_to_headers {
            if let Some(value) = nested(&token.claims, &copy.claim_name).and_then(header_value) {
                request.headers.add(&copy.header_name, value);
            }
        }
        if !self.config.forward {
            match &found.place {
                Place::Header(name) => request.headers.remove(name),
                Place::Parameter(name) => request.path = remove_parameter(&request.path, name),
                Place::Cookie | Place::Nowhere => {}
            }
        }
        if !header_in_metadata.is_empty() {
            extracted.insert(header_in_metadata.clone(), Value::Object(token.header.clone()));
        }
        if !payload_in_metadata.is_empty() {
            extracted.insert(payload_in_metadata.clone(), Value::Object(self.normalized(token.claims.clone())));
        }
        accepted.push(self.config.issuer.clone());
    }

    /// Claims that are lists written as texts become lists.
    fn normalized(&self, mut claims: Object) -> Object {
        let lists = self.config.normalize_payload_in_metadata.iter().flat_map(|lists| &lists.space_delimited_claims);
        for name in lists {
            if let Some(Value::String(text)) = claims.get(name) {
                let parts: Vec<_> = text.split(' ').map(Value::from).collect();
                claims.insert(name.clone(), Value::Array(parts));
            }
        }
        claims
    }
}

/// An audience without what may differ: `https://a.test/` and `a.test` are the same.
fn bare(audience: &str) -> &str {
    let rest = audience.strip_prefix("https://").or_else(|| audience.strip_prefix("http://")).unwrap_or(audience);
    rest.strip_suffix('/').unwrap_or(rest)
}

fn padded(payload: &str, pads: bool) -> String {
    let missing = if pads { (4 - payload.len() % 4) % 4 } else { 0 };
    payload.to_owned() + &"=".repeat(missing)
}

/// A claim by the names on the way to it, between dots.
fn nested<'c>(claims: &'c Object, path: &str) -> Option<&'c Value> {
    let mut names = path.split('.');
    let first = claims.get(names.next()?)?;
    names.try_fold(first, |value, name| value.get(name))
}

/// Lists and objects are JSON in base64.
fn header_value(claim: &Value) -> Option<String> {
    match claim {
        Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Number(number) => number.as_f64().map(number_text),
        Value::Array(_) | Value::Object(_) => Some(encode_base64(claim.to_string().as_bytes())),
        Value::Null => None,
    }
}

/// Numbers that are not natural are written with six digits behind the point.
fn number_text(number: f64) -> String {
    let is_natural = (0.0..u64::MAX as f64).contains(&number) && number.fract() == 0.0;
    if is_natural { (number as u64).to_string() } else { format!("{number:.6}") }
}

#[cfg(test)]
mod tests;
