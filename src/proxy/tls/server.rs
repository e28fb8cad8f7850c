//! TLS towards clients.

use std::io;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::server::{Acceptor, ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;

use crate::envoy::tls::{DownstreamTlsContext, TlsProtocol};
use crate::proxy::wire::Wire;

use super::facts::Certificate;
use super::material::{certified, parameters};
use super::trust::OfClients;
use super::{Invalid, Secrets};

/// How a filter chain terminates TLS.
#[derive(Debug)]
pub struct ServerTls {
    config: Arc<ServerConfig>,
    /// For clients that offer no protocol that is known here: Envoy goes on without one, rustls would refuse them.
    without_protocols: Arc<ServerConfig>,
    requires_sni: bool,
    /// The proxy's own certificate.
    pub certificate: Option<Certificate>,
    pub notes: Vec<String>,
}

impl ServerTls {
    pub fn new(context: &DownstreamTlsContext, secrets: &Secrets) -> Result<Self, Invalid> {
        let common = context.common_tls_context.clone().unwrap_or_default();
        let parameters = parameters(common.tls_params.as_ref(), TlsProtocol::Tls1_3)?;
        let validation = secrets.validation(&common)?;
        let required = context.require_client_certificate == Some(true);
        let verifier = OfClients::new(validation.as_ref(), &parameters.provider, required)?;
        let builder = ServerConfig::builder_with_provider(Arc::clone(&parameters.provider))
            .with_protocol_versions(&parameters.versions)
            .map_err(|error| Invalid(error.to_string()))?;
        let builder = match verifier.is_needed() {
            true => builder.with_client_cert_verifier(Arc::new(verifier)),
            false => builder.with_no_client_auth(),
        };
        let own: Result<Vec<_>, _> = secrets
            .certificates(&common)?
            .into_iter()
            .map(|certificate| certified(certificate, &parameters.provider).map(Arc::new))
            .collect();
        let own = own?;
        let Some(first) = own.first() else {
            return Err(Invalid("a server needs a certificate".to_owned()));
        };
        let certificate = first.cert.first().and_then(|der| Certificate::new(der));
        let mut config = builder.with_cert_resolver(Arc::new(Chosen(own)));
        let without_protocols = Arc::new(config.clone());
        config.alpn_protocols = common.alpn_protocols.iter().map(|name| name.clone().into_bytes()).collect();
        Ok(Self {
            config: Arc::new(config),
            without_protocols,
            requires_sni: context.require_sni == Some(true),
            certificate,
            notes: parameters.notes,
        })
    }

    /// Does the handshake.
    pub async fn accept<S: Wire>(&self, stream: S) -> io::Result<TlsStream<S>> {
        let begun = LazyConfigAcceptor::new(Acceptor::default(), stream).await?;
        let hello = begun.client_hello();
        if self.requires_sni && hello.server_name().is_none() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the client names no server"));
        }
        let config = self.config_for(&hello);
        begun.into_stream(config).await
    }

    fn config_for(&self, hello: &ClientHello<'_>) -> Arc<ServerConfig> {
        let common = hello.alpn().is_none_or(|mut offered| offered.any(|name| self.knows(name)));
        Arc::clone(if common { &self.config } else { &self.without_protocols })
    }

    fn knows(&self, protocol: &[u8]) -> bool {
        self.config.alpn_protocols.iter().any(|own| own == protocol)
    }
}

/// The first certificate whose key the client can check.
#[derive(Debug)]
struct Chosen(Vec<Arc<CertifiedKey>>);

impl ResolvesServerCert for Chosen {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let fits = |own: &&Arc<CertifiedKey>| own.key.choose_scheme(hello.signature_schemes()).is_some();
        self.0.iter().find(fits).or(self.0.first()).cloned()
    }
}
