//! TLS of echoes: as the proxy beside the workload would have it, or the workload itself.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{DigitallySignedStruct, DistinguishedName, Error, ServerConfig, SignatureScheme};
use tokio_rustls::TlsAcceptor;

use crate::envoy::bootstrap::TestAuthority;

/// What the proxies of a mesh, and clients of HTTP, offer.
const PROTOCOLS: [&str; 6] = ["istio-h2", "istio-http/1.1", "istio", "h2", "http/1.1", "http/1.0"];

/// Takes TLS connections with a certificate for whatever name is asked for, and the SPIFFE name of the workload. Any
/// certificate of a client is taken, and told.
pub(super) fn acceptor(authority: Arc<TestAuthority>, account: Option<String>) -> TlsAcceptor {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let resolver = Issuer { authority, account, provider: Arc::clone(&provider), issued: Mutex::default() };
    let mut config = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .expect("the provider has the cipher suites of these versions")
        .with_client_cert_verifier(Arc::new(Anybody(provider)))
        .with_cert_resolver(Arc::new(resolver));
    config.alpn_protocols = PROTOCOLS.map(|protocol| protocol.as_bytes().to_vec()).into();
    TlsAcceptor::from(Arc::new(config))
}

struct Issuer {
    authority: Arc<TestAuthority>,
    account: Option<String>,
    provider: Arc<CryptoProvider>,
    /// By server name.
    issued: Mutex<HashMap<String, Arc<CertifiedKey>>>,
}

/// Who asks for more names than this is not playing a lab.
const MOST_NAMES: usize = 1_000;

impl Issuer {
    fn issue(&self, name: &str) -> Option<Arc<CertifiedKey>> {
        let certificate = self.authority.issue(Some(name).filter(|name| !name.is_empty()), self.account.as_deref());
        let chain = CertificateDer::pem_slice_iter(certificate.chain.as_bytes()).collect::<Result<_, _>>().ok()?;
        let key = PrivateKeyDer::from_pem_slice(certificate.key.as_bytes()).ok()?;
        CertifiedKey::from_der(chain, key, &self.provider).ok().map(Arc::new)
    }
}

impl ResolvesServerCert for Issuer {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        // Names of clusters, such as `outbound_.80_._.web.shop.svc.cluster.local`, are not names of servers.
        let name = hello.server_name().unwrap_or_default();
        let mut issued = self.issued.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = issued.get(name) {
            return Some(Arc::clone(known));
        }
        let made = self.issue(name)?;
        if issued.len() < MOST_NAMES {
            issued.insert(name.to_owned(), Arc::clone(&made));
        }
        Some(made)
    }
}

impl std::fmt::Debug for Issuer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Issuer").field("account", &self.account).finish_non_exhaustive()
    }
}

/// Clients may show who they are, and need not: an echo guards nothing.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ClientCertVerifier for Anybody {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
