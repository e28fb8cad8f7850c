//! What a validation context demands of the certificates of peers.

use std::time::Duration;

use ring::digest::{SHA256, digest};
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::{CertificateError, Error};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

use crate::envoy::scalar::from_base64;
use crate::envoy::tls::{CertificateValidationContext, TrustChainVerification};

use super::Invalid;
use super::facts::Certificate;
use super::material::authorities;
use super::san::SanTests;

/// What a validation context demands. The chain is verified by rustls; the rest is Envoy's
/// (`source/common/tls/cert_validator/default_validator.cc`).
#[derive(Debug)]
pub struct Demands {
    /// The authorities; `None` if every certificate is accepted.
    pub anchors: Option<Vec<CertificateDer<'static>>>,
    names: SanTests,
    /// SHA-256 of certificates, one of which it must be.
    hashes: Vec<Vec<u8>>,
    /// SHA-256 of public keys, one of which it must be.
    keys: Vec<Vec<u8>>,
    expired: bool,
    untrusted: bool,
}

impl Demands {
    pub fn new(context: &CertificateValidationContext) -> Result<Self, Invalid> {
        let anchors = authorities(context)?;
        let names = SanTests::new(context);
        if anchors.is_none() && !names.is_empty() {
            return Err(Invalid("names of certificates are tested, but no authority is trusted".to_owned()));
        }
        Ok(Self {
            anchors,
            names,
            hashes: hashes("hex", &context.verify_certificate_hash, of_hex)?,
            keys: hashes("base64", &context.verify_certificate_spki, from_base64)?,
            expired: context.allow_expired_certificate,
            untrusted: context.trust_chain_verification == TrustChainVerification::AcceptUntrusted,
        })
    }

    /// Whether nothing is asked of a certificate, so that it need not be shown.
    pub fn are_none(&self) -> bool {
        self.anchors.is_none() && self.hashes.is_empty() && self.keys.is_empty()
    }

    /// What is thought of the certificate of a peer. `chain` verifies its chain as of a time; without it no authority is
    /// known.
    pub fn judge(
        &self,
        end_entity: &CertificateDer<'_>,
        now: UnixTime,
        chain: Option<impl FnOnce(UnixTime) -> Result<(), Error>>,
    ) -> Result<(), Error> {
        match chain.map(|verify| verify(self.time(end_entity, now))) {
            Some(Err(error)) if !self.excuses(&error, end_entity) => return Err(error),
            None if self.anchors.is_some() && !self.untrusted => {
                return Err(Error::InvalidCertificate(CertificateError::UnknownIssuer));
            }
            _ => {}
        }
        self.check(end_entity)
    }

    /// As which time the chain is verified: for an expired one, the last at which it was valid.
    fn time(&self, end_entity: &CertificateDer<'_>, now: UnixTime) -> UnixTime {
        let last = Certificate::new(end_entity).map(|certificate| certificate.not_after);
        match last.and_then(|last| u64::try_from(last).ok()) {
            Some(last) if self.expired && last < now.as_secs() => UnixTime::since_unix_epoch(Duration::from_secs(last)),
            _ => now,
        }
    }

    /// Whether the chain may be wrong in this way. A certificate that is itself trusted needs no chain, although it may
    /// sign others: `openssl req -x509` makes such.
    fn excuses(&self, error: &Error, end_entity: &CertificateDer<'_>) -> bool {
        self.untrusted
            || matches!(
                error,
                Error::InvalidCertificate(
                    CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }
                )
            )
            || is_trusted_itself(self.anchors.as_deref().unwrap_or_default(), end_entity)
                && !matches!(
                    error,
                    Error::InvalidCertificate(
                        CertificateError::Expired
                            | CertificateError::ExpiredContext { .. }
                            | CertificateError::NotValidYet
                            | CertificateError::NotValidYetContext { .. }
                            | CertificateError::Revoked
                    )
                )
    }

    fn check(&self, end_entity: &CertificateDer<'_>) -> Result<(), Error> {
        let refused = || Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure);
        if !self.names.is_empty() {
            let certificate = Certificate::new(end_entity).ok_or_else(refused)?;
            if !self.names.pass(&certificate) {
                return Err(refused());
            }
        }
        if self.hashes.is_empty() && self.keys.is_empty() {
            return Ok(());
        }
        let hash = digest(&SHA256, end_entity);
        let by_hash = self.hashes.iter().any(|own| own == hash.as_ref());
        let key = key_hash(end_entity).ok_or_else(refused)?;
        if by_hash || self.keys.contains(&key) { Ok(()) } else { Err(refused()) }
    }
}

fn is_trusted_itself(anchors: &[CertificateDer<'_>], end_entity: &CertificateDer<'_>) -> bool {
    anchors.iter().any(|anchor| anchor == end_entity)
}

fn key_hash(end_entity: &CertificateDer<'_>) -> Option<Vec<u8>> {
    let (_, parsed) = X509Certificate::from_der(end_entity).ok()?;
    Some(digest(&SHA256, parsed.public_key().raw).as_ref().to_vec())
}

/// What is written of SHA-256. One that is none demands nothing of anybody, and is refused.
fn hashes(encoding: &str, texts: &[String], decode: impl Fn(&str) -> Option<Vec<u8>>) -> Result<Vec<Vec<u8>>, Invalid> {
    let decoded = texts.iter().map(|text| {
        let hash = decode(text).filter(|hash| hash.len() == SHA256.output_len());
        hash.ok_or_else(|| Invalid(format!("`{text}` is no SHA-256 in {encoding}")))
    });
    decoded.collect()
}

/// Hexadecimal, with or without colons.
fn of_hex(text: &str) -> Option<Vec<u8>> {
    let digits: String = text.chars().filter(|character| *character != ':').collect();
    if !digits.is_ascii() {
        return None;
    }
    digits.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::{Demands, Invalid};
    use crate::envoy::tls::CertificateValidationContext;

    #[test]
    fn a_hash_that_is_none_is_refused() {
        let hex = "ab:cd".repeat(8) + &"ef".repeat(16);
        let base64 = "q83vAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxw=".to_owned();
        let of = |hash: &[&str], key: &[&str]| {
            let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
            let context = CertificateValidationContext {
                verify_certificate_hash: owned(hash),
                verify_certificate_spki: owned(key),
                ..Default::default()
            };
            Demands::new(&context).map(|demands| demands.are_none())
        };
        assert_eq!(of(&[], &[]), Ok(true));
        assert_eq!(of(&[&hex], &[&base64]), Ok(false));
        let invalid = |text: &str, encoding: &str| Err(Invalid(format!("`{text}` is no SHA-256 in {encoding}")));
        assert_eq!(of(&[&hex, "ab"], &[]), invalid("ab", "hex"));
        assert_eq!(of(&["äb"], &[]), invalid("äb", "hex"));
        assert_eq!(of(&[], &["q83v"]), invalid("q83v", "base64"));
    }
}
