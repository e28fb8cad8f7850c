//! TLS towards upstreams.

use std::io;
use std::sync::{Arc, Mutex};

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use rustls::sign::SingleCertAndKey;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::envoy::tls::{TlsProtocol, UpstreamTlsContext};
use crate::proxy::per_worker::lock;
use crate::proxy::wire::Wire;

use super::material::{certified, parameters};
use super::trust::OfServers;
use super::{Invalid, Secrets};

/// Protocols in the order of preference, and the configuration that offers them.
type Variant = (Vec<Vec<u8>>, Arc<ClientConfig>);

/// How a cluster originates TLS.
#[derive(Debug)]
pub struct ClientTls {
    config: Arc<ClientConfig>,
    /// The name that is asked for; empty for none.
    sni: String,
    /// The same with other protocols offered by ALPN.
    variants: Mutex<Vec<Variant>>,
    pub notes: Vec<String>,
}

impl ClientTls {
    /// `named`: whether the certificate must be for the name that is asked for.
    pub fn new(context: &UpstreamTlsContext, secrets: &Secrets, named: bool) -> Result<Self, Invalid> {
        let common = context.common_tls_context.clone().unwrap_or_default();
        // Envoy's clients speak 1.2 unless they are told (`TlsParameters.tls_maximum_protocol_version`).
        let parameters = parameters(common.tls_params.as_ref(), TlsProtocol::Tls1_2)?;
        let validation = secrets.validation(&common)?;
        let named = named || context.auto_sni_san_validation;
        let verifier = OfServers::new(validation.as_ref(), &parameters.provider, named)?;
        let builder = ClientConfig::builder_with_provider(Arc::clone(&parameters.provider))
            .with_protocol_versions(&parameters.versions)
            .map_err(|error| Invalid(error.to_string()))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        let certificate = secrets.certificates(&common)?.first().copied();
        let mut config = match certificate {
            None => builder.with_no_client_auth(),
            Some(own) => {
                let own = SingleCertAndKey::from(certified(own, &parameters.provider)?);
                builder.with_client_cert_resolver(Arc::new(own))
            }
        };
        config.alpn_protocols = common.alpn_protocols.iter().map(|name| name.clone().into_bytes()).collect();
        Ok(Self {
            config: Arc::new(config),
            sni: context.sni.clone(),
            variants: Mutex::default(),
            notes: parameters.notes,
        })
    }

    /// `sni` is used if the context names none, `offered` in place of what the context says.
    pub async fn connect<S: Wire>(
        &self,
        stream: S,
        sni: Option<&str>,
        offered: Option<&[String]>,
    ) -> io::Result<TlsStream<S>> {
        let own = Some(self.sni.as_str()).filter(|sni| !sni.is_empty());
        let name = sni.or(own).and_then(|name| ServerName::try_from(name.to_owned()).ok());
        let protocols = offered.map(|offered| offered.iter().map(|name| name.clone().into_bytes()).collect());
        let config = self.variant(protocols);
        // A name is needed even if none is sent.
        let name = name.unwrap_or(ServerName::IpAddress(std::net::Ipv4Addr::UNSPECIFIED.into()));
        TlsConnector::from(config).connect(name, stream).await
    }

    fn variant(&self, protocols: Option<Vec<Vec<u8>>>) -> Arc<ClientConfig> {
        let Some(protocols) = protocols.filter(|protocols| *protocols != self.config.alpn_protocols) else {
            return Arc::clone(&self.config);
        };
        let mut variants = lock(&self.variants);
        if let Some((_, config)) = variants.iter().find(|(own, _)| *own == protocols) {
            return Arc::clone(config);
        }
        let mut config = (*self.config).clone();
        config.alpn_protocols = protocols.clone();
        let config = Arc::new(config);
        variants.push((protocols, Arc::clone(&config)));
        config
    }
}
