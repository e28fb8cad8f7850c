//! Why a token is refused.

/// A reason in the words of Envoy 1.40 (`source/common/jwt/status.cc`): they are the body of the response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal(pub(super) &'static str);

impl Refusal {
    pub const MISSING: Self = Self("Jwt is missing");
    pub const OTHER_ISSUER: Self = Self("Jwt issuer is not configured");
    pub const OTHER_AUDIENCE: Self = Self("Audiences in Jwt are not allowed");
    pub const NOT_YET_VALID: Self = Self("Jwt not yet valid");
    pub const EXPIRED: Self = Self("Jwt is expired");
    /// The subject is not allowed, or the signature is another one: Envoy tells neither apart.
    pub const NOT_VERIFIED: Self = Self("Jwt verification fails");
    pub const FORM: Self = Self("Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections");
    pub const HEADER_BASE64: Self = Self("Jwt header is an invalid Base64url encoded");
    pub const HEADER_JSON: Self = Self("Jwt header is an invalid JSON");
    pub const ALGORITHM: Self = Self("Jwt header [alg] field is required and must be a string");
    pub const OTHER_ALGORITHM: Self = Self("Jwt header [alg] is not supported");
    pub const KEY_ID: Self = Self("Jwt header [kid] field is not a string");
    pub const PAYLOAD_BASE64: Self = Self("Jwt payload is an invalid Base64url encoded");
    pub const PAYLOAD_JSON: Self = Self("Jwt payload is an invalid JSON");
    pub const ISSUER: Self = Self("Jwt payload [iss] field is not a string");
    pub const SUBJECT: Self = Self("Jwt payload [sub] field is not a string");
    pub const IDENTIFIER: Self = Self("Jwt payload [jti] field is not a string");
    pub const AUDIENCES: Self = Self("Jwt payload [aud] field is not a string or string list");
    pub const ISSUED_AT: Self = Self("Jwt payload [iat] field is not an integer");
    pub const ISSUED_AT_RANGE: Self = Self("Jwt payload [iat] field is not a positive 64 bit integer");
    pub const NOT_BEFORE: Self = Self("Jwt payload [nbf] field is not an integer");
    pub const NOT_BEFORE_RANGE: Self = Self("Jwt payload [nbf] field is not a positive 64 bit integer");
    pub const EXPIRES: Self = Self("Jwt payload [exp] field is not an integer");
    pub const EXPIRES_RANGE: Self = Self("Jwt payload [exp] field is not a positive 64 bit integer");
    pub const SIGNATURE_BASE64: Self = Self("Jwt signature is an invalid Base64url encoded");
    pub const SIGNATURE_LENGTH: Self = Self("Jwt ED25519 signature is wrong length");
    pub const NO_KEYS: Self = Self("Jwks doesn't have any valid public key");
    pub const NO_SUCH_KEY: Self = Self("Jwks doesn't have key to match kid or alg from Jwt");
    pub const NOT_FETCHED: Self = Self("Jwks remote fetch is failed");

    /// Who is refused because a token is for others is known, and may know it.
    pub fn status(self) -> u16 {
        if self == Self::OTHER_AUDIENCE { 403 } else { 401 }
    }

    pub fn text(self) -> &'static str {
        self.0
    }
}
