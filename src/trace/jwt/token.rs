//! What a JSON web token says, and whether it is one (Envoy 1.40 `source/common/jwt/jwt.cc`).

use serde_json::Value;

use crate::envoy::Object;
use crate::format::decode_base64;

use super::refusal::Refusal;

/// A token, read but not verified.
#[derive(Clone, Debug, Default)]
pub struct Token {
    pub claims: Object,
    /// The claims as they are written in the token.
    pub payload: String,
    pub header: Object,
    pub algorithm: String,
    /// Empty if the token names none.
    pub key_id: String,
    pub audiences: Vec<String>,
    not_before: u64,
    /// 0 for never.
    expires: u64,
    /// Header and payload as they were signed.
    pub signed: String,
    pub signature: Vec<u8>,
}

const ALGORITHMS: [&str; 13] = [
    "ES256", "ES384", "ES512", "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "EdDSA",
];

impl Token {
    /// Reads a token whole, for it to be verified.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let [header_text, payload, signature] = sections(text)?;
        let header = object(header_text, Refusal::HEADER_BASE64, Refusal::HEADER_JSON)?;
        let algorithm = header.get("alg").and_then(Value::as_str).ok_or(Refusal::ALGORITHM)?.to_owned();
        if !ALGORITHMS.contains(&algorithm.as_str()) {
            return Err(Refusal::OTHER_ALGORITHM);
        }
        let key_id = string(&header, "kid", Refusal::KEY_ID)?.to_owned();
        let token = Self::of_payload(payload)?;
        let signature = base64(signature).ok_or(Refusal::SIGNATURE_BASE64)?;
        Ok(Self { header, algorithm, key_id, signed: format!("{header_text}.{payload}"), signature, ..token })
    }

    /// Reads only the claims of a token that is taken for genuine.
    pub fn parse_claims(text: &str) -> Result<Self, Refusal> {
        let [_, payload, _] = sections(text)?;
        Self::of_payload(payload)
    }

    pub fn of_claims(claims: Object) -> Result<Self, Refusal> {
        string(&claims, "iss", Refusal::ISSUER)?;
        string(&claims, "sub", Refusal::SUBJECT)?;
        number(&claims, "iat", Refusal::ISSUED_AT, Refusal::ISSUED_AT_RANGE)?;
        let not_before = number(&claims, "nbf", Refusal::NOT_BEFORE, Refusal::NOT_BEFORE_RANGE)?;
        let expires = number(&claims, "exp", Refusal::EXPIRES, Refusal::EXPIRES_RANGE)?;
        string(&claims, "jti", Refusal::IDENTIFIER)?;
        Ok(Self { audiences: audiences(&claims)?, not_before, expires, claims, ..Self::default() })
    }

    fn of_payload(payload: &str) -> Result<Self, Refusal> {
        let claims = object(payload, Refusal::PAYLOAD_BASE64, Refusal::PAYLOAD_JSON)?;
        Ok(Self { payload: payload.to_owned(), ..Self::of_claims(claims)? })
    }

    /// Empty if the token names none.
    pub fn issuer(&self) -> &str {
        self.claims.get("iss").and_then(Value::as_str).unwrap_or_default()
    }

    pub fn subject(&self) -> &str {
        self.claims.get("sub").and_then(Value::as_str).unwrap_or_default()
    }

    /// When it expires, if ever.
    pub fn expires(&self) -> Option<u64> {
        Some(self.expires).filter(|expires| *expires > 0)
    }

    /// Both ends of its time are stretched by `skew`.
    pub fn check_time(&self, now: u64, skew: u64) -> Result<(), Refusal> {
        if now.saturating_add(skew) < self.not_before {
            return Err(Refusal::NOT_YET_VALID);
        }
        match self.expires() {
            Some(expires) if now > expires.saturating_add(skew) => Err(Refusal::EXPIRED),
            _ => Ok(()),
        }
    }
}

/// Empty sections do not count.
fn sections(text: &str) -> Result<[&str; 3], Refusal> {
    let sections: Vec<_> = text.split('.').filter(|section| !section.is_empty()).collect();
    sections.try_into().map_err(|_| Refusal::FORM)
}

/// Of the alphabet for URLs only, padded rightly or not at all.
pub(super) fn base64(text: &str) -> Option<Vec<u8>> {
    let padding = text.len() - text.trim_end_matches('=').len();
    let fits = padding == 0 || (padding < 3 && text.len().is_multiple_of(4));
    decode_base64(text).filter(|_| fits && !text.contains(['+', '/']))
}

fn object(text: &str, not_base64: Refusal, not_json: Refusal) -> Result<Object, Refusal> {
    let bytes = base64(text).ok_or(not_base64)?;
    serde_json::from_slice(&bytes).map_err(|_| not_json)
}

fn string<'o>(object: &'o Object, key: &str, wrong: Refusal) -> Result<&'o str, Refusal> {
    object.get(key).map_or(Ok(""), |value| value.as_str().ok_or(wrong))
}

/// Numbers are floating point to Envoy; what is behind the point is cut off.
fn number(object: &Object, key: &str, wrong: Refusal, out_of_range: Refusal) -> Result<u64, Refusal> {
    let Some(value) = object.get(key) else { return Ok(0) };
    match value.as_f64() {
        Some(number) if number < 0.0 || number >= u64::MAX as f64 => Err(out_of_range),
        Some(number) => Ok(number as u64),
        None => Err(wrong),
    }
}

fn audiences(claims: &Object) -> Result<Vec<String>, Refusal> {
    let text = |value: &Value| value.as_str().map(str::to_owned).ok_or(Refusal::AUDIENCES);
    match claims.get("aud") {
        None => Ok(Vec::new()),
        Some(Value::Array(audiences)) => audiences.iter().map(text).collect(),
        Some(audience) => Ok(vec![text(audience)?]),
    }
}
