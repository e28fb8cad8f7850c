//! What a validation context demands of the certificates of peers.

use std::time::Duration;

use ring::digest::{SHA256, digest};
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::{CertificateError, Error};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

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
    /// SHA-256 of public keys in base64, one of which it must be.
    keys: Vec<String>,
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
            hashes: context.verify_certificate_hash.iter().filter_map(|text| bytes(text)).collect(),
            keys: context.verify_certificate_spki.clone(),
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
        if by_hash || self.keys.contains(&key_hash(end_entity)) { Ok(()) } else { Err(refused()) }
    }
}

fn is_trusted_itself(anchors: &[CertificateDer<'_>], end_entity: &CertificateDer<'_>) -> bool {
    anchors.iter().any(|anchor| anchor == end_entity)
}

fn key_hash(end_entity: &CertificateDer<'_>) -> String {
    let parsed = X509Certificate::from_der(end_entity);
    let hash = parsed.map(|(_, parsed)| digest(&SHA256, parsed.public_key().raw));
    hash.map(|hash| crate::envoy::scalar::base64(hash.as_ref())).unwrap_or_default()
}

/// Hexadecimal, with or without colons.
fn bytes(text: &str) -> Option<Vec<u8>> {
    let digits: String = text.chars().filter(|character| *character != ':').collect();
    if !digits.is_ascii() {
        return None;
    }
    digits.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}
