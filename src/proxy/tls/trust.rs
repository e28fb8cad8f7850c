//! Which certificates of peers are accepted.

use std::sync::Arc;

use ring::digest::{SHA256, digest};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

use crate::envoy::tls::{CertificateValidationContext, TrustChainVerification};

use super::Invalid;
use super::facts::Certificate;
use super::material::{authorities, revocations, store};
use super::san::SanTests;

/// What a validation context demands. The chain is verified by rustls; the rest is Envoy's
/// (`source/common/tls/cert_validator/default_validator.cc`).
#[derive(Debug)]
struct Demands {
    /// The authorities; `None` if every certificate is accepted.
    anchors: Option<Vec<CertificateDer<'static>>>,
    names: SanTests,
    /// SHA-256 of certificates, one of which it must be.
    hashes: Vec<Vec<u8>>,
    /// SHA-256 of public keys in base64, one of which it must be.
    keys: Vec<String>,
    expired: bool,
    untrusted: bool,
}

impl Demands {
    fn new(context: &CertificateValidationContext) -> Result<Self, Invalid> {
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

    /// As which time the chain is verified: for an expired one, the last at which it was valid.
    fn time(&self, end_entity: &CertificateDer<'_>, now: UnixTime) -> UnixTime {
        let last = Certificate::new(end_entity).map(|certificate| certificate.not_after);
        match last.and_then(|last| u64::try_from(last).ok()) {
            Some(last) if self.expired && last < now.as_secs() => {
                UnixTime::since_unix_epoch(std::time::Duration::from_secs(last))
            }
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

/// Of upstreams. The name that was asked for is checked only if the cluster says so.
#[derive(Debug)]
pub struct OfServers {
    demands: Demands,
    chain: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
    named: bool,
}

impl OfServers {
    pub fn new(
        context: Option<&CertificateValidationContext>,
        provider: &Arc<CryptoProvider>,
        named: bool,
    ) -> Result<Self, Invalid> {
        let defaults = CertificateValidationContext::default();
        let context = context.unwrap_or(&defaults);
        let demands = Demands::new(context)?;
        let revocations = revocations(context)?;
        let chain = demands.anchors.as_deref().map(store).filter(|store| !store.is_empty()).map(|store| {
            WebPkiServerVerifier::builder_with_provider(store, Arc::clone(provider)).with_crls(revocations).build()
        });
        let chain = chain.transpose().map_err(|error| Invalid(error.to_string()))?;
        Ok(Self { demands, chain, provider: Arc::clone(provider), named })
    }
}

impl ServerCertVerifier for OfServers {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if let Some(chain) = &self.chain {
            let time = self.demands.time(end_entity, now);
            let verified = chain.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, time);
            if let Err(error) = verified
                && !self.demands.excuses(&error, end_entity)
            {
                return Err(error);
            }
        } else if self.demands.anchors.is_some() && !self.demands.untrusted {
            return Err(Error::InvalidCertificate(CertificateError::UnknownIssuer));
        }
        if self.named {
            let parsed = rustls::server::ParsedCertificate::try_from(end_entity)?;
            rustls::client::verify_server_name(&parsed, server_name)?;
        }
        self.demands.check(end_entity)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// Of clients.
#[derive(Debug)]
pub struct OfClients {
    demands: Demands,
    chain: Option<Arc<dyn ClientCertVerifier>>,
    provider: Arc<CryptoProvider>,
    required: bool,
}

impl OfClients {
    pub fn new(
        context: Option<&CertificateValidationContext>,
        provider: &Arc<CryptoProvider>,
        required: bool,
    ) -> Result<Self, Invalid> {
        let defaults = CertificateValidationContext::default();
        let context = context.unwrap_or(&defaults);
        let demands = Demands::new(context)?;
        let revocations = revocations(context)?;
        let chain = demands.anchors.as_deref().map(store).filter(|store| !store.is_empty()).map(|store| {
            WebPkiClientVerifier::builder_with_provider(store, Arc::clone(provider)).with_crls(revocations).build()
        });
        let chain = chain.transpose().map_err(|error| Invalid(error.to_string()))?;
        Ok(Self { demands, chain, provider: Arc::clone(provider), required })
    }

    /// Whether clients are asked for certificates.
    pub fn is_needed(&self) -> bool {
        self.required
            || self.demands.anchors.is_some()
            || !self.demands.hashes.is_empty()
            || !self.demands.keys.is_empty()
    }
}

impl ClientCertVerifier for OfClients {
    fn client_auth_mandatory(&self) -> bool {
        self.required
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.chain.as_ref().map_or(&[], |chain| chain.root_hint_subjects())
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        if let Some(chain) = &self.chain {
            let time = self.demands.time(end_entity, now);
            if let Err(error) = chain.verify_client_cert(end_entity, intermediates, time)
                && !self.demands.excuses(&error, end_entity)
            {
                return Err(error);
            }
        } else if self.demands.anchors.is_some() && !self.demands.untrusted {
            return Err(Error::InvalidCertificate(CertificateError::UnknownIssuer));
        }
        self.demands.check(end_entity)?;
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
