//! TLS of a client that looks at no certificate, as `curl -k`: whom a proxy pretends to be is the user's own configuration.

use std::fmt;
use std::io;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::envoy::bootstrap::Certificate;
use crate::proxy::tls::{Anybody, of_pem};
use crate::proxy::wire::Wire;

/// How a client starts TLS.
#[derive(Clone)]
pub struct Tls {
    name: ServerName<'static>,
    config: Arc<ClientConfig>,
}

impl Tls {
    /// With the server name, the protocols offered by ALPN, and the certificate that the client shows.
    pub fn new(name: &str, protocols: &[&str], certificate: Option<&Certificate>) -> Result<Self, String> {
        let server_name = ServerName::try_from(name.to_owned());
        let server_name = server_name.map_err(|_| format!("`{name}` is no name of a server"))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .expect("the provider has the cipher suites of these versions")
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Anybody(provider)));
        let mut config = match certificate {
            Some(certificate) => {
                let (chain, key) = of_pem(certificate.chain.as_bytes(), certificate.key.as_bytes())
                    .map_err(|error| format!("the certificate of the client cannot be read: {error}"))?;
                builder
                    .with_client_auth_cert(chain, key)
                    .map_err(|error| format!("the certificate of the client cannot be used: {error}"))?
            }
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        Ok(Self { name: server_name, config: Arc::new(config) })
    }

    pub async fn connect<S: Wire>(&self, stream: S) -> io::Result<TlsStream<S>> {
        TlsConnector::from(Arc::clone(&self.config)).connect(self.name.clone(), stream).await
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("name", &self.name).finish_non_exhaustive()
    }
}
