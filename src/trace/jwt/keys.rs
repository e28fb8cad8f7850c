//! Keys of issuers, and whether one of them made a signature (Envoy 1.40 `source/common/jwt/jwks.cc` and `verify.cc`).

use std::fmt;

use ring::hmac;
use ring::signature::{self, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey};
use serde_json::Value;

use crate::envoy::Object;
use crate::format::Certificate;

use super::refusal::Refusal;
use super::token::{Token, base64};

/// The keys of a provider that can be used; others are left out, as Envoy does.
#[derive(Clone, Debug)]
pub struct Keys(Vec<Key>);

#[derive(Clone, Debug)]
struct Key {
    /// Empty if the key has none, and so may be that of any token.
    id: String,
    /// Empty if the key does not say.
    algorithm: String,
    material: Material,
}

#[derive(Clone)]
enum Material {
    Rsa {
        modulus: Vec<u8>,
        exponent: Vec<u8>,
    },
    /// An RSA key in DER, out of a certificate.
    RsaDer(Vec<u8>),
    /// A point, and how many bytes its coordinates have.
    Curve {
        point: Vec<u8>,
        size: usize,
    },
    Secret(Vec<u8>),
    Edwards(Vec<u8>),
}

/// Secrets are not for logs.
impl fmt::Debug for Material {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Material::Rsa { .. } | Material::RsaDer(_) => "RSA",
            Material::Curve { .. } => "EC",
            Material::Secret(_) => "oct",
            Material::Edwards(_) => "OKP",
        })
    }
}

/// Bytes of the coordinates of P-256, P-384 and P-521.
const P256: usize = 32;
const P384: usize = 48;
const P521: usize = 66;
const ED25519_SIGNATURE: usize = 64;

impl Keys {
    /// Of a JSON Web Key Set, or of an object of certificates by their key ids. `None` if no key can be used.
    pub fn parse(text: &str) -> Option<Self> {
        let object: Object = serde_json::from_str(text).ok()?;
        let keys: Vec<_> = match object.get("keys") {
            Some(keys) => keys.as_array()?.iter().filter_map(|key| Key::of_jwk(key.as_object()?)).collect(),
            None => object.iter().map(|(id, pem)| Key::of_certificate(id, pem.as_str()?)).collect::<Option<_>>()?,
        };
        (!keys.is_empty()).then_some(Self(keys))
    }

    /// Whether the keys have some that meshlint cannot use where Envoy can: those of the curve P-521 (ES512).
    pub fn has_unsupported(&self) -> bool {
        self.0.iter().any(|key| matches!(key.material, Material::Curve { size: P521, .. }))
    }

    /// All keys are tried that have the id and the algorithm of the token, or none of their own.
    pub fn verify(&self, token: &Token) -> Result<(), Refusal> {
        let mut found = false;
        for key in self.0.iter().filter(|key| key.is_for(token)) {
            found = true;
            if matches!(key.material, Material::Edwards(_)) && token.signature.len() != ED25519_SIGNATURE {
                return Err(Refusal::SIGNATURE_LENGTH);
            }
            if key.material.made(token) {
                return Ok(());
            }
        }
        Err(if found { Refusal::NOT_VERIFIED } else { Refusal::NO_SUCH_KEY })
    }
}

impl Key {
    fn of_jwk(jwk: &Object) -> Option<Self> {
        let text = |name: &str| jwk.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let algorithm = text("alg");
        let material = Material::of_jwk(jwk, &algorithm)?;
        Some(Self { id: text("kid"), algorithm, material })
    }

    /// Only keys of RSA.
    fn of_certificate(id: &str, pem: &str) -> Option<Self> {
        const SEQUENCE: u8 = 0x30;
        let key = Certificate::parse(pem.as_bytes()).ok()?.public_key().to_vec();
        let material = (key.first() == Some(&SEQUENCE)).then_some(Material::RsaDer(key))?;
        Some(Self { id: id.to_owned(), algorithm: String::new(), material })
    }

    fn is_for(&self, token: &Token) -> bool {
        let same_id = self.id.is_empty() || token.key_id.is_empty() || self.id == token.key_id;
        same_id && (self.algorithm.is_empty() || self.algorithm == token.algorithm)
    }
}

impl Material {
    fn of_jwk(jwk: &Object, algorithm: &str) -> Option<Self> {
        let bytes = |name: &str| base64(jwk.get(name)?.as_str()?);
        match jwk.get("kty")?.as_str()? {
            "RSA" if algorithm.is_empty() || algorithm.starts_with("RS") || algorithm.starts_with("PS") => {
                let (modulus, exponent) = (number(bytes("n")?), number(bytes("e")?));
                // Envoy refuses other exponents.
                matches!(exponent[..], [3] | [1, 0, 1]).then_some(Self::Rsa { modulus, exponent })
            }
            "EC" if algorithm.is_empty() || algorithm.starts_with("ES") => {
                let curve = jwk.get("crv").map_or(Some(""), Value::as_str)?;
                let size = curve_size(algorithm, curve)?;
                let mut point = vec![UNCOMPRESSED];
                point.extend(padded(bytes("x")?, size)?);
                point.extend(padded(bytes("y")?, size)?);
                Some(Self::Curve { point, size })
            }
            "oct" if matches!(algorithm, "" | "HS256" | "HS384" | "HS512") => {
                bytes("k").filter(|secret| !secret.is_empty()).map(Self::Secret)
            }
            "OKP" if matches!(algorithm, "" | "EdDSA") && jwk.get("crv")?.as_str()? == "Ed25519" => {
                bytes("x").filter(|key| key.len() == signature::ED25519_PUBLIC_KEY_LEN).map(Self::Edwards)
            }
            _ => None,
        }
    }

    /// Whether the signature of a token is by this key. The algorithm of the token chooses the digest only; SHA-256 is for
    /// all that are of another family.
    fn made(&self, token: &Token) -> bool {
        let Token { algorithm, signature, .. } = token;
        let signed = token.signed.as_bytes();
        match self {
            Self::Rsa { modulus, exponent } => {
                let key = RsaPublicKeyComponents { n: modulus, e: exponent };
                rsa(algorithm).is_some_and(|with| key.verify(with, signed, signature).is_ok())
            }
            Self::RsaDer(key) => {
                rsa(algorithm).is_some_and(|with| UnparsedPublicKey::new(with, key).verify(signed, signature).is_ok())
            }
            Self::Curve { point, size } => {
                let with = match (*size, algorithm.as_str()) {
                    (P384, "ES384") => &signature::ECDSA_P384_SHA384_FIXED,
                    (_, "ES384" | "ES512") => return false,
                    (P256, _) => &signature::ECDSA_P256_SHA256_FIXED,
                    _ => return false,
                };
                UnparsedPublicKey::new(with, point).verify(signed, signature).is_ok()
            }
            Self::Secret(secret) => {
                let with = match algorithm.as_str() {
                    "HS384" => hmac::HMAC_SHA384,
                    "HS512" => hmac::HMAC_SHA512,
                    _ => hmac::HMAC_SHA256,
                };
                hmac::verify(&hmac::Key::new(with, secret), signed, signature).is_ok()
            }
            Self::Edwards(key) => UnparsedPublicKey::new(&signature::ED25519, key).verify(signed, signature).is_ok(),
        }
    }
}

/// How a point with both coordinates begins (SEC 1, section 2.3.3).
const UNCOMPRESSED: u8 = 4;

/// Algorithm and curve have to fit, and one of them is enough; without either it is P-256.
fn curve_size(algorithm: &str, curve: &str) -> Option<usize> {
    let of_algorithm = match algorithm {
        "" => None,
        "ES256" => Some(P256),
        "ES384" => Some(P384),
        "ES512" => Some(P521),
        _ => return None,
    };
    let of_curve = match curve {
        "" => None,
        "P-256" => Some(P256),
        "P-384" => Some(P384),
        "P-521" => Some(P521),
        _ => return None,
    };
    match (of_algorithm, of_curve) {
        (Some(algorithm), Some(curve)) => (algorithm == curve).then_some(curve),
        (algorithm, curve) => Some(algorithm.or(curve).unwrap_or(P256)),
    }
}

fn rsa(algorithm: &str) -> Option<&'static RsaParameters> {
    Some(match algorithm {
        "RS256" => &signature::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
        "RS384" => &signature::RSA_PKCS1_2048_8192_SHA384,
        "RS512" => &signature::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
        "PS256" => &signature::RSA_PSS_2048_8192_SHA256,
        "PS384" => &signature::RSA_PSS_2048_8192_SHA384,
        "PS512" => &signature::RSA_PSS_2048_8192_SHA512,
        _ => return None,
    })
}

/// A number without the zeros before it.
fn number(bytes: Vec<u8>) -> Vec<u8> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes[zeros..].to_vec()
}

fn padded(bytes: Vec<u8>, size: usize) -> Option<Vec<u8>> {
    let number = number(bytes);
    let zeros = size.checked_sub(number.len())?;
    Some([vec![0; zeros], number].concat())
}
