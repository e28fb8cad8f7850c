use std::fs;
use std::path::Path;

use ring::hmac;
use ring::rand::SystemRandom;
use ring::rsa::{KeyPair as RsaKeyPair, PublicKeyComponents};
use ring::signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaEncoding};
use serde_json::{Value, json};

use super::{Authentication, TokenVerdict};
use crate::envoy::Json;
use crate::envoy::jwt::JwtAuthentication;
use crate::format::encode_base64;
use crate::trace::{Headers, Request};

/// When all requests of these tests arrive.
const NOW: u64 = 1_800_000_000;

/// `{"iss":"a","aud":"x","scope":"r w"}`, `{"iss":"b"}` and `{"iss":"c"}` between two dots.
const OF_A: &str = "e30.eyJpc3MiOiJhIiwiYXVkIjoieCIsInNjb3BlIjoiciB3In0.s";
const OF_B: &str = "e30.eyJpc3MiOiJiIn0.s";
const OF_C: &str = "e30.eyJpc3MiOiJjIn0.s";

const NOT_A_TOKEN: &str = "Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections";

fn filter(config: &Value) -> Authentication {
    Authentication::new(&JwtAuthentication::read(config).unwrap())
}

/// What istiod makes of three rules: tokens may be missing, but not be wrong.
fn of_istiod() -> Authentication {
    let provider = |issuer: &str, audiences: &[&str]| {
        json!({"issuer": issuer, "audiences": audiences, "payloadInMetadata": "payload",
            "normalizePayloadInMetadata": {"spaceDelimitedClaims": ["scope"]},
            "claimToHeaders": [{"headerName": "x-iss", "claimName": "iss"}]})
    };
    let maybe = |name: &str| json!({"requiresAny": {"requirements": [{"providerName": name}, {"allowMissing": {}}]}});
    filter(&json!({
        "providers": {"p0": provider("a", &["https://x/"]), "p1": provider("b", &["y"]), "p2": provider("c", &[])},
        "bypassCorsPreflight": true,
        "rules": [{"match": {"prefix": "/"}, "requires": {"requiresAny": {"requirements": [
            {"providerName": "p0"}, {"providerName": "p1"}, {"providerName": "p2"},
            {"requiresAll": {"requirements": [maybe("p0"), maybe("p1"), maybe("p2")]}}]}}}],
    }))
}

/// One provider with these keys, for `required`.
fn with_keys(keys: &Value, required: &Value) -> Authentication {
    let provider = json!({"issuer": "a", "localJwks": {"inlineString": keys.to_string()}});
    filter(&json!({"providers": {"p": provider}, "rules": [{"match": {"prefix": "/"}, "requires": required}]}))
}

/// `accepted`, `missing`, or what the client gets.
fn verdict(filter: &Authentication, request: &mut Request) -> String {
    match filter.check(request, &mut serde_json::Map::new(), None) {
        TokenVerdict::NotAsked => "not asked".to_owned(),
        TokenVerdict::Missing => "missing".to_owned(),
        TokenVerdict::Accepted(issuers) => format!("accepted {}", issuers.join(",")),
        TokenVerdict::Rejected { status, body, .. } => format!("{status} {body}"),
    }
}

fn bearer(token: &str, received: Option<u64>) -> Request {
    let headers: Headers = [("authorization", format!("Bearer {token}"))].into_iter().collect();
    Request { headers, received, ..Request::get("a.test", "/") }
}

/// With the alphabet for URLs, without padding.
fn encode(bytes: &[u8]) -> String {
    encode_base64(bytes).trim_end_matches('=').replace('+', "-").replace('/', "_")
}

/// Signs a text with an algorithm.
type Sign = dyn Fn(&str, &[u8]) -> Vec<u8>;

/// A private key, and how tokens are signed with it.
struct Signer {
    key: Value,
    sign: Box<Sign>,
}

impl Signer {
    fn token(&self, header: &Value, claims: &Value) -> String {
        let signed = format!("{}.{}", encode(header.to_string().as_bytes()), encode(claims.to_string().as_bytes()));
        let signature = (self.sign)(header["alg"].as_str().unwrap_or_default(), signed.as_bytes());
        format!("{signed}.{}", encode(&signature))
    }

    fn rsa() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/certificates/rsa-pkcs1.key");
        let pem = x509_parser::pem::Pem::read(std::io::Cursor::new(fs::read(path).unwrap())).unwrap().0;
        let pair = RsaKeyPair::from_der(&pem.contents).unwrap();
        let public = PublicKeyComponents::<Vec<u8>>::from(pair.public());
        let sign = move |algorithm: &str, signed: &[u8]| {
            let with: &dyn RsaEncoding = match algorithm {
                "RS256" => &signature::RSA_PKCS1_SHA256,
                "RS384" => &signature::RSA_PKCS1_SHA384,
                "RS512" => &signature::RSA_PKCS1_SHA512,
                "PS256" => &signature::RSA_PSS_SHA256,
                "PS384" => &signature::RSA_PSS_SHA384,
                _ => &signature::RSA_PSS_SHA512,
            };
            let mut signature = vec![0; pair.public().modulus_len()];
            pair.sign(with, &SystemRandom::new(), signed, &mut signature).unwrap();
            signature
        };
        let key = json!({"kty": "RSA", "n": encode(&public.n), "e": encode(&public.e)});
        Self { key, sign: Box::new(sign) }
    }

    fn curve(name: &str) -> Self {
        let with = match name {
            "P-256" => &signature::ECDSA_P256_SHA256_FIXED_SIGNING,
            _ => &signature::ECDSA_P384_SHA384_FIXED_SIGNING,
        };
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(with, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(with, document.as_ref(), &random).unwrap();
        let point = pair.public_key().as_ref()[1..].to_vec();
        let (x, y) = point.split_at(point.len() / 2);
        let key = json!({"kty": "EC", "crv": name, "x": encode(x), "y": encode(y)});
        let sign = move |_: &str, signed: &[u8]| pair.sign(&SystemRandom::new(), signed).unwrap().as_ref().to_vec();
        Self { key, sign: Box::new(sign) }
    }

    fn edwards() -> Self {
        let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        let pair = Ed25519KeyPair::from_pkcs8(document.as_ref()).unwrap();
        let key = json!({"kty": "OKP", "crv": "Ed25519", "x": encode(pair.public_key().as_ref())});
        Self { key, sign: Box::new(move |_, signed| pair.sign(signed).as_ref().to_vec()) }
    }

    fn secret() -> Self {
        let sign = |algorithm: &str, signed: &[u8]| {
            let with = match algorithm {
                "HS384" => hmac::HMAC_SHA384,
                "HS512" => hmac::HMAC_SHA512,
                _ => hmac::HMAC_SHA256,
            };
            hmac::sign(&hmac::Key::new(with, b"secret"), signed).as_ref().to_vec()
        };
        Self { key: json!({"kty": "oct", "k": encode(b"secret")}), sign: Box::new(sign) }
    }

    fn key_with(&self, id: &str, algorithm: &str) -> Value {
        let mut key = self.key.clone();
        key["kid"] = json!(id);
        key["alg"] = json!(algorithm);
        key
    }
}

#[test]
fn every_algorithm_is_verified() {
    let table = [
        (Signer::rsa(), &["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"][..]),
        (Signer::curve("P-256"), &["ES256"]),
        (Signer::curve("P-384"), &["ES384"]),
        (Signer::edwards(), &["EdDSA"]),
        (Signer::secret(), &["HS256", "HS384", "HS512"]),
    ];
    for (signer, algorithms) in &table {
        for algorithm in *algorithms {
            let filter = with_keys(&json!({"keys": [signer.key]}), &json!({"providerName": "p"}));
            let header = json!({"alg": algorithm});
            let token = signer.token(&header, &json!({"iss": "a"}));
            assert_eq!(verdict(&filter, &mut bearer(&token, Some(NOW))), "accepted a", "{algorithm}");
            let (_, signature) = token.rsplit_once('.').unwrap();
            let forged =
                format!("{}.{}.{signature}", encode(header.to_string().as_bytes()), encode(br#"{"iss":"a","x":1}"#));
            assert_eq!(verdict(&filter, &mut bearer(&forged, Some(NOW))), "401 Jwt verification fails", "{algorithm}");
            assert_eq!(verdict(&filter, &mut bearer(&forged, None)), "accepted a", "taken for genuine");
        }
    }
}

#[test]
fn keys_are_chosen_by_their_id_and_algorithm() {
    let (one, other) = (Signer::curve("P-256"), Signer::curve("P-256"));
    let keys = json!({"keys": [{"kty": "oct"}, one.key_with("one", "ES256"), other.key_with("other", "ES256")]});
    let filter = with_keys(&keys, &json!({"providerName": "p"}));
    let no_key = "401 Jwks doesn't have key to match kid or alg from Jwt";
    let table = [
        (json!({"alg": "ES256", "kid": "one"}), "accepted a"),
        (json!({"alg": "ES256"}), "accepted a"),
        (json!({"alg": "ES256", "kid": "other"}), "401 Jwt verification fails"),
        (json!({"alg": "ES256", "kid": "third"}), no_key),
        (json!({"alg": "HS256", "kid": "one"}), no_key),
        (json!({"alg": "ES512", "kid": "one"}), no_key),
        (json!({"alg": "none"}), "401 Jwt header [alg] is not supported"),
        (json!({}), "401 Jwt header [alg] field is required and must be a string"),
        (json!({"alg": "ES256", "kid": 1}), "401 Jwt header [kid] field is not a string"),
    ];
    for (header, expected) in table {
        let token = one.token(&header, &json!({"iss": "a"}));
        assert_eq!(verdict(&filter, &mut bearer(&token, Some(NOW))), expected, "{header}");
    }
    let none = with_keys(&json!({"keys": [{"kty": "RSA"}]}), &json!({"providerName": "p"}));
    let token = one.token(&json!({"alg": "ES256"}), &json!({"iss": "a"}));
    assert_eq!(verdict(&none, &mut bearer(&token, Some(NOW))), "401 Jwks doesn't have any valid public key");
}

#[test]
fn times_have_a_minute_of_grace() {
    let signer = Signer::secret();
    let filter = with_keys(&json!({"keys": [signer.key]}), &json!({"providerName": "p"}));
    let table = [
        (json!({"exp": NOW - 60}), "accepted a"),
        (json!({"exp": NOW - 61}), "401 Jwt is expired"),
        (json!({"exp": 0}), "accepted a"),
        (json!({"nbf": NOW + 60}), "accepted a"),
        (json!({"nbf": NOW + 61}), "401 Jwt not yet valid"),
        (json!({"exp": (NOW + 1) as f64 + 0.5}), "accepted a"),
        (json!({"exp": "1"}), "401 Jwt payload [exp] field is not an integer"),
        (json!({"exp": -1}), "401 Jwt payload [exp] field is not a positive 64 bit integer"),
        (json!({"iat": true}), "401 Jwt payload [iat] field is not an integer"),
        (json!({"nbf": []}), "401 Jwt payload [nbf] field is not an integer"),
        (json!({"iss": 1}), "401 Jwt payload [iss] field is not a string"),
        (json!({"sub": 1}), "401 Jwt payload [sub] field is not a string"),
        (json!({"jti": 1}), "401 Jwt payload [jti] field is not a string"),
        (json!({"aud": [1]}), "401 Jwt payload [aud] field is not a string or string list"),
        (json!({"iss": "b", "exp": 1}), "401 Jwt issuer is not configured"),
    ];
    for (own, expected) in table {
        let mut claims = json!({"iss": "a"});
        claims.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
        let token = signer.token(&json!({"alg": "HS256"}), &claims);
        assert_eq!(verdict(&filter, &mut bearer(&token, Some(NOW))), expected, "{claims}");
    }
}

#[test]
fn what_is_no_token_is_told_apart() {
    let filter = with_keys(&json!({"keys": [Signer::secret().key]}), &json!({"providerName": "p"}));
    let header = encode(br#"{"alg":"HS256"}"#);
    let not_a_token = format!("401 {NOT_A_TOKEN}");
    let table = [
        ("x".to_owned(), not_a_token.as_str()),
        (format!("{header}.e30."), &not_a_token),
        (format!("{header}.e30.s.t"), &not_a_token),
        (format!("{header}=.e30.s"), "401 Jwt header is an invalid Base64url encoded"),
        ("a+b.e30.s".to_owned(), "401 Jwt header is an invalid Base64url encoded"),
        (format!("{}.e30.s", encode(b"[]")), "401 Jwt header is an invalid JSON"),
        (format!("{header}.a/b.s"), "401 Jwt payload is an invalid Base64url encoded"),
        (format!("{header}.{}.s", encode(b"x")), "401 Jwt payload is an invalid JSON"),
        (format!("{header}.e30.a+b"), "401 Jwt signature is an invalid Base64url encoded"),
        (format!("{header}.e30.abcd"), "401 Jwt issuer is not configured"),
    ];
    for (token, expected) in table {
        assert_eq!(verdict(&filter, &mut bearer(&token, Some(NOW))), expected, "{token}");
    }
}

#[test]
fn requirements_are_any_all_or_none() {
    let signer = Signer::secret();
    let keys = json!({"keys": [signer.key]});
    let good = signer.token(&json!({"alg": "HS256"}), &json!({"iss": "a", "aud": "x"}));
    let bad = format!("{good}x");
    let provider = json!({"providerName": "p"});
    let any = |others: &[Value]| json!({"requiresAny": {"requirements": others}});
    let all = |others: &[Value]| json!({"requiresAll": {"requirements": others}});
    let (missing, failed) = (json!({"allowMissing": {}}), json!({"allowMissingOrFailed": {}}));
    let audience = |name: &str| json!({"providerAndAudiences": {"providerName": "p", "audiences": [name]}});
    let fails = "401 Jwt verification fails";
    // Requirement, and what becomes of no token, a good one and a bad one.
    let table = [
        (provider.clone(), ["401 Jwt is missing", "accepted a", fails]),
        (missing.clone(), ["missing", "accepted a", fails]),
        (failed.clone(), ["missing", "accepted a", "missing"]),
        (any(&[provider.clone(), missing.clone()]), ["missing", "accepted a", fails]),
        (any(&[provider.clone(), failed.clone()]), ["missing", "accepted a", "missing"]),
        (any(std::slice::from_ref(&missing)), ["missing", "accepted a", fails]),
        (all(&[provider.clone(), missing]), ["401 Jwt is missing", "accepted a", fails]),
        (audience("http://x/"), ["401 Jwt is missing", "accepted a", fails]),
        (
            audience("y"),
            ["401 Jwt is missing", "403 Audiences in Jwt are not allowed", "403 Audiences in Jwt are not allowed"],
        ),
        (json!({}), ["missing", "missing", "missing"]),
    ];
    for (requirement, expected) in table {
        let filter = with_keys(&keys, &requirement);
        let requests = [
            Request { received: Some(NOW), ..Request::get("a.test", "/") },
            bearer(&good, Some(NOW)),
            bearer(&bad, Some(NOW)),
        ];
        let found = requests.map(|mut request| verdict(&filter, &mut request));
        assert_eq!(found, expected, "{requirement}");
    }
}

#[test]
fn tokens_may_be_missing_but_not_wrong() {
    let header = |token: &str| Some(("authorization", format!("Bearer {token}")));
    let not_a_token = format!("401 {NOT_A_TOKEN}");
    let table = [
        (None, "/", "missing"),
        (header(OF_A), "/", "accepted a"),
        (header(OF_C), "/", "accepted c"),
        (header(OF_B), "/", "403 Audiences in Jwt are not allowed"),
        (header("e30.eyJpc3MiOiJkIn0.s"), "/", "401 Jwt issuer is not configured"),
        (header("x"), "/", not_a_token.as_str()),
        (None, "/?access_token=e30.eyJpc3MiOiJjIn0.s", "accepted c"),
    ];
    for (header, path, expected) in table {
        let headers: Headers = header.clone().into_iter().collect();
        let mut request = Request { headers, ..Request::get("a.test", path) };
        assert_eq!(verdict(&of_istiod(), &mut request), expected, "{header:?} {path}");
    }
}

#[test]
fn later_filters_see_the_claims_and_the_server_does_not_see_the_token() {
    let headers = [("authorization", format!("Bearer {OF_A}")), ("x-iss", "forged".to_owned())];
    let mut request = Request { headers: headers.into_iter().collect(), ..Request::get("a.test", "/") };
    let mut metadata = serde_json::Map::new();
    of_istiod().check(&mut request, &mut metadata, None);
    let expected = json!({"envoy.filters.http.jwt_authn":
        {"payload": {"iss": "a", "aud": "x", "scope": ["r", "w"]}}});
    assert_eq!(Value::Object(metadata), expected);
    assert_eq!(request.headers.iter().collect::<Vec<_>>(), [("x-iss", "a")]);

    let mut request = Request::get("a.test", "/p?z=%20&access_token=e30.eyJpc3MiOiJjIn0.s&b=1");
    assert_eq!(verdict(&of_istiod(), &mut request), "accepted c");
    assert_eq!(request.path, "/p?b=1&z= ");
}

#[test]
fn claims_become_headers() {
    let copies = ["t", "n", "f", "b", "o.i", "o", "none"];
    let copies = copies.map(|claim| json!({"headerName": format!("x-{claim}"), "claimName": claim}));
    let provider = json!({"claimToHeaders": copies, "forward": true, "forwardPayloadHeader": "x-payload",
        "padForwardPayloadHeader": true});
    let filter = filter(&json!({"providers": {"p": provider},
        "rules": [{"match": {"prefix": "/"}, "requires": {"providerName": "p"}}]}));
    let payload = encode(br#"{"t":"x","n":7,"f":-1.5,"b":true,"o":{"i":"y"}}"#);
    let mut request = bearer(&format!("e30.{payload}.s"), None);
    assert_eq!(verdict(&filter, &mut request), "accepted ");
    let headers: Vec<_> = request.headers.iter().skip(1).map(|(name, value)| format!("{name}={value}")).collect();
    let expected = [
        &*format!("x-payload={payload}="),
        "x-t=x",
        "x-n=7",
        "x-f=-1.500000",
        "x-b=true",
        "x-o.i=y",
        "x-o=eyJpIjoieSJ9",
    ];
    assert_eq!(headers, expected);
}

#[test]
fn refusals_challenge_the_client() {
    let filter = with_keys(&json!({"keys": [Signer::secret().key]}), &json!({"providerName": "p"}));
    let challenge = |mut request: Request| match filter.check(&mut request, &mut serde_json::Map::new(), None) {
        TokenVerdict::Rejected { challenge, .. } => challenge.unwrap(),
        verdict => panic!("{verdict:?}"),
    };
    assert_eq!(challenge(Request::get("a.test", "/p?q")), r#"Bearer realm="http://a.test/p?q""#);
    assert_eq!(challenge(bearer("x", None)), r#"Bearer realm="http://a.test/", error="invalid_token""#);
}
