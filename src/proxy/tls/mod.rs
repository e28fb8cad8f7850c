//! TLS towards clients and upstreams: rustls configurations from Envoy's contexts, and who the peer is.
//!
//! What differs from Envoy is that rustls has neither TLS 1.0 and 1.1 nor ciphers without forward secrecy; a context that
//! asks for those is noted.

mod client;
mod demands;
pub mod facts;
mod material;
mod san;
mod server;
mod signatures;
mod trust;

use std::collections::BTreeMap;
use std::fmt;

pub use client::ClientTls;
pub use facts::{Certificate, cipher_name, version_name};
pub use material::of_pem;
pub use server::ServerTls;
pub use trust::Anybody;

use crate::envoy::tls::{
    CertificateValidationContext, CommonTlsContext, Secret, SecretKind, TlsCertificate, Validation,
};

/// The static secrets of a bootstrap, by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Secrets(BTreeMap<String, SecretKind>);

/// Why a context cannot be used: Envoy would refuse it, too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid(pub String);

impl Secrets {
    pub fn new(secrets: &[Secret]) -> Self {
        let kind = |secret: &Secret| Some((secret.name.clone(), secret.kind.clone()?));
        Self(secrets.iter().filter_map(kind).collect())
    }

    /// The certificates with which a context shows who the proxy is.
    fn certificates<'s>(&'s self, context: &'s CommonTlsContext) -> Result<Vec<&'s TlsCertificate>, Invalid> {
        let named = context.tls_certificate_sds_secret_configs.iter().map(|config| match self.0.get(&config.name) {
            Some(SecretKind::TlsCertificate(certificate)) => Ok(certificate),
            _ => Err(Invalid(format!("the certificate `{}` is not in the configuration", config.name))),
        });
        context.tls_certificates.iter().map(Ok).chain(named).collect()
    }

    /// What a context demands of the peer's certificate. What a secret says comes on top of what the context says.
    fn validation(&self, context: &CommonTlsContext) -> Result<Option<CertificateValidationContext>, Invalid> {
        let named = |name: &str| match self.0.get(name) {
            Some(SecretKind::ValidationContext(context)) => Ok(context.clone()),
            _ => Err(Invalid(format!("the authorities `{name}` are not in the configuration"))),
        };
        match &context.validation {
            None => Ok(None),
            Some(Validation::ValidationContext(own)) => Ok(Some(own.clone())),
            Some(Validation::ValidationContextSdsSecretConfig(config)) => named(&config.name).map(Some),
            Some(Validation::CombinedValidationContext(combined)) => {
                let own = combined.default_validation_context.clone().unwrap_or_default();
                match &combined.validation_context_sds_secret_config {
                    None => Ok(Some(own)),
                    Some(config) => Ok(Some(merged(own, named(&config.name)?))),
                }
            }
        }
    }
}

/// As protobuf merges messages: lists are joined, of other fields the second's is taken where it is set.
fn merged(own: CertificateValidationContext, more: CertificateValidationContext) -> CertificateValidationContext {
    fn joined<T>(mut own: Vec<T>, more: Vec<T>) -> Vec<T> {
        own.extend(more);
        own
    }
    CertificateValidationContext {
        trusted_ca: more.trusted_ca.or(own.trusted_ca),
        system_root_certs: more.system_root_certs.or(own.system_root_certs),
        verify_certificate_spki: joined(own.verify_certificate_spki, more.verify_certificate_spki),
        verify_certificate_hash: joined(own.verify_certificate_hash, more.verify_certificate_hash),
        match_typed_subject_alt_names: joined(own.match_typed_subject_alt_names, more.match_typed_subject_alt_names),
        match_subject_alt_names: joined(own.match_subject_alt_names, more.match_subject_alt_names),
        crl: more.crl.or(own.crl),
        allow_expired_certificate: own.allow_expired_certificate || more.allow_expired_certificate,
        trust_chain_verification: match more.trust_chain_verification {
            set if set != Default::default() => set,
            _ => own.trust_chain_verification,
        },
        untyped: own.untyped,
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Invalid {}
