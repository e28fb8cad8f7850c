//! TLS of echoes: as the proxy beside the workload would have it, or the workload itself.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio_rustls::TlsAcceptor;

use crate::envoy::bootstrap::TestAuthority;
use crate::proxy::tls::{Anybody, of_pem};

/// What the proxies of a mesh, and clients of HTTP, offer.
const PROTOCOLS: [&str; 6] = ["istio-h2", "istio-http/1.1", "istio", "h2", "http/1.1", "http/1.0"];

/// Takes TLS connections with a certificate for whatever name is asked for, and the SPIFFE name of the workload. Any
/// certificate of a client is taken, and told: an echo guards nothing.
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
        let (chain, key) = of_pem(certificate.chain.as_bytes(), certificate.key.as_bytes()).ok()?;
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
