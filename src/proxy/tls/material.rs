//! Certificates, keys and parameters as rustls takes them.

use std::env;
use std::fs;
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use rustls::{RootCertStore, SupportedProtocolVersion};

use crate::envoy::bootstrap::SYSTEM_ROOT_FILES;
use crate::envoy::core::DataSource;
use crate::envoy::tls::{CertificateValidationContext, TlsCertificate, TlsParameters, TlsProtocol};

use super::Invalid;
use super::facts::cipher_name;

/// What a context says of versions and ciphers, as far as rustls can do it.
pub struct Parameters {
    pub provider: Arc<CryptoProvider>,
    pub versions: Vec<&'static SupportedProtocolVersion>,
    /// What it cannot do.
    pub notes: Vec<String>,
}

/// `newest`: the version at most, unless the context says it. In Envoy that is 1.2 for clients and 1.3 for servers.
pub fn parameters(context: Option<&TlsParameters>, newest: TlsProtocol) -> Result<Parameters, Invalid> {
    let defaults = TlsParameters::default();
    let context = context.unwrap_or(&defaults);
    let or = |own: TlsProtocol, default| if own == TlsProtocol::TlsAuto { default } else { own };
    let oldest = rank(or(context.tls_minimum_protocol_version, TlsProtocol::Tls1_2));
    let newest = rank(or(context.tls_maximum_protocol_version, newest));
    let mut notes = Vec::new();
    if oldest < rank(TlsProtocol::Tls1_2) {
        notes.push("TLS before 1.2 is not spoken".to_owned());
    }
    let versions: Vec<_> = [(TlsProtocol::Tls1_2, &TLS12), (TlsProtocol::Tls1_3, &TLS13)]
        .into_iter()
        .filter(|(version, _)| (oldest..=newest).contains(&rank(*version)))
        .map(|(_, version)| version)
        .collect();
    if versions.is_empty() {
        return Err(Invalid("no version of TLS is left".to_owned()));
    }
    let provider = Arc::new(provider(&context.cipher_suites, &mut notes));
    Ok(Parameters { provider, versions, notes })
}

fn rank(version: TlsProtocol) -> u8 {
    match version {
        TlsProtocol::Tls1_0 => 0,
        TlsProtocol::Tls1_1 => 1,
        TlsProtocol::Tls1_2 => 2,
        _ => 3,
    }
}

/// Ciphers of TLS 1.3 cannot be chosen, as in BoringSSL. `[A|B]` are two of equal preference.
fn provider(wanted: &[String], notes: &mut Vec<String>) -> CryptoProvider {
    let mut provider = ring::default_provider();
    let names: Vec<_> = wanted
        .iter()
        .flat_map(|text| text.split(|separator: char| "[]|:".contains(separator)))
        .filter(|name| !name.is_empty() && !name.starts_with('-') && !name.starts_with('!'))
        .collect();
    if names.is_empty() {
        return provider;
    }
    let all = provider.cipher_suites.clone();
    let named = |name: &str| all.iter().find(|suite| cipher_name(suite.suite()) == name);
    for name in names.iter().filter(|name| named(name).is_none()) {
        notes.push(format!("the cipher `{name}` is not offered"));
    }
    let chosen = names.iter().filter_map(|name| named(name)).copied();
    let of_tls13 = all.iter().filter(|suite| suite.tls13().is_some()).copied();
    provider.cipher_suites = of_tls13.chain(chosen).collect();
    provider
}

/// A chain and its key. That they belong together is not checked, as rustls cannot read every certificate that Envoy can.
pub fn certified(certificate: &TlsCertificate, provider: &CryptoProvider) -> Result<CertifiedKey, Invalid> {
    let chain = read(certificate.certificate_chain.as_ref(), CHAIN)?;
    let key = read(certificate.private_key.as_ref(), "private key")?;
    let (chain, key) = of_pem(&chain, &key)?;
    let key = provider.key_provider.load_private_key(key).map_err(|_| unreadable_key())?;
    Ok(CertifiedKey::new(chain, key))
}

/// A chain and its key, from PEM.
pub fn of_pem(chain: &[u8], key: &[u8]) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), Invalid> {
    Ok((certificates(chain, CHAIN)?, PrivateKeyDer::from_pem_slice(key).map_err(|_| unreadable_key())?))
}

const CHAIN: &str = "certificate chain";

/// The reason may quote the key, so it is not told.
fn unreadable_key() -> Invalid {
    Invalid("a private key is not readable".to_owned())
}

/// The authorities that a context trusts. `None` if it names none, so that every certificate is accepted.
pub fn authorities(context: &CertificateValidationContext) -> Result<Option<Vec<CertificateDer<'static>>>, Invalid> {
    if context.trusted_ca.is_some() {
        let what = "list of trusted authorities";
        return certificates(&read(context.trusted_ca.as_ref(), what)?, what).map(Some);
    }
    if context.system_root_certs.is_none() {
        return Ok(None);
    }
    let file = SYSTEM_ROOT_FILES.iter().find_map(|file| fs::read(file).ok());
    let file = file.ok_or_else(|| Invalid("this system has no list of trusted authorities".to_owned()))?;
    Ok(Some(CertificateDer::pem_slice_iter(&file).filter_map(Result::ok).collect()))
}

/// Those that rustls can use.
pub fn store(authorities: &[CertificateDer<'static>]) -> Arc<RootCertStore> {
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(authorities.iter().cloned());
    Arc::new(store)
}

pub fn revocations(
    context: &CertificateValidationContext,
) -> Result<Vec<CertificateRevocationListDer<'static>>, Invalid> {
    if context.crl.is_none() {
        return Ok(Vec::new());
    }
    let text = read(context.crl.as_ref(), "list of revoked certificates")?;
    let lists: Result<_, _> = CertificateRevocationListDer::pem_slice_iter(&text).collect();
    lists.map_err(|error| Invalid(format!("a list of revoked certificates is not readable: {error}")))
}

fn certificates(pem: &[u8], what: &str) -> Result<Vec<CertificateDer<'static>>, Invalid> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => Err(Invalid(format!("a {what} has no certificate"))),
        Err(error) => Err(Invalid(format!("a {what} is not readable: {error}"))),
    }
}

fn read(source: Option<&DataSource>, what: &str) -> Result<Vec<u8>, Invalid> {
    match source {
        Some(DataSource::InlineString(text)) => Ok(text.clone().into_bytes()),
        Some(DataSource::InlineBytes(bytes)) => Ok(bytes.0.clone()),
        Some(DataSource::Filename(file)) => {
            fs::read(file).map_err(|error| Invalid(format!("cannot read the {what} `{file}`: {error}")))
        }
        Some(DataSource::EnvironmentVariable(name)) => {
            env::var(name).map(String::into_bytes).map_err(|_| Invalid(format!("`{name}` for the {what} is not set")))
        }
        Some(DataSource::Other(_)) | None => Err(Invalid(format!("there is no {what}"))),
    }
}
