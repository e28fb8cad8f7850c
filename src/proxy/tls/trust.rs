//! Which certificates of peers are accepted.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ParsedCertificate, VerifierBuilderError, WebPkiClientVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, Error, RootCertStore, SignatureScheme};

use crate::envoy::tls::CertificateValidationContext;

use super::Invalid;
use super::demands::Demands;
use super::material::{revocations, store};
use super::signatures::verify_signatures;

/// What is demanded, and what verifies chains: nothing if no authority is known.
type Trust<C> = (Demands, Option<Arc<C>>);

fn trust<C: ?Sized>(
    context: Option<&CertificateValidationContext>,
    verifier: impl FnOnce(
        Arc<RootCertStore>,
        Vec<CertificateRevocationListDer<'static>>,
    ) -> Result<Arc<C>, VerifierBuilderError>,
) -> Result<Trust<C>, Invalid> {
    let defaults = CertificateValidationContext::default();
    let context = context.unwrap_or(&defaults);
    let demands = Demands::new(context)?;
    let revocations = revocations(context)?;
    let store = demands.anchors.as_deref().map(store).filter(|store| !store.is_empty());
    let chain = store.map(|store| verifier(store, revocations)).transpose();
    Ok((demands, chain.map_err(|error| Invalid(error.to_string()))?))
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
        let (demands, chain) = trust(context, |store, revocations| {
            let builder = WebPkiServerVerifier::builder_with_provider(store, Arc::clone(provider));
            builder.with_crls(revocations).build()
        })?;
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
        let chain = self.chain.as_ref().map(|chain| {
            move |time| {
                chain.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, time).map(|_| ())
            }
        });
        self.demands.judge(end_entity, now, chain)?;
        if self.named {
            rustls::client::verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    verify_signatures!(provider);
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
        let (demands, chain) = trust(context, |store, revocations| {
            let builder = WebPkiClientVerifier::builder_with_provider(store, Arc::clone(provider));
            builder.with_crls(revocations).build()
        })?;
        Ok(Self { demands, chain, provider: Arc::clone(provider), required })
    }

    /// Whether clients are asked for certificates.
    pub fn is_needed(&self) -> bool {
        self.required || !self.demands.are_none()
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
        let chain = self
            .chain
            .as_ref()
            .map(|chain| move |time| chain.verify_client_cert(end_entity, intermediates, time).map(|_| ()));
        self.demands.judge(end_entity, now, chain)?;
        Ok(ClientCertVerified::assertion())
    }

    verify_signatures!(provider);
}

/// Takes every certificate, and from clients none as well.
#[derive(Debug)]
pub struct Anybody(pub Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    verify_signatures!(0);
}

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

    verify_signatures!(0);
}
