//! TLS contexts without a control plane.

use std::collections::BTreeMap;

use crate::envoy::any::Any;
use crate::envoy::cluster::Cluster;
use crate::envoy::core::{DataSource, TransportSocket};
use crate::envoy::listener::Listener;
use crate::envoy::protocol::{ExplicitHttpConfig, UpstreamProtocol};
use crate::envoy::tls::{
    CertificateValidationContext, CommonTlsContext, SdsSecretConfig, Secret, SecretKind, Validation,
};

use super::chains;
use super::secrets::{MissingSecret, Secrets};

const PEER_EXCHANGE: &str = "istio-peer-exchange";

/// Makes every TLS context refer to static secrets, and returns those, by name.
pub(super) fn use_static_secrets(
    listeners: &mut [Listener],
    clusters: &mut [Cluster],
    secrets: &Secrets,
) -> Result<Vec<Secret>, MissingSecret> {
    let of_listeners = listeners.iter_mut().flat_map(chains).filter_map(|chain| chain.transport_socket.as_mut());
    let of_clusters = clusters.iter_mut().flat_map(transport_sockets);
    let mut used = Used { secrets, certificates: BTreeMap::new(), authorities: BTreeMap::new() };
    for context in of_listeners.chain(of_clusters).filter_map(tls_context) {
        used.replace(context)?;
    }
    Ok(used.certificates.into_values().chain(used.authorities.into_values()).collect())
}

fn transport_sockets(cluster: &mut Cluster) -> impl Iterator<Item = &mut TransportSocket> {
    let matched = cluster.transport_socket_matches.iter_mut().filter_map(|matched| matched.transport_socket.as_mut());
    matched.chain(&mut cluster.transport_socket)
}

/// The TLS settings of a transport socket, also of one that another wraps.
fn tls_context(socket: &mut TransportSocket) -> Option<&mut CommonTlsContext> {
    match socket.typed_config.as_mut()? {
        Any::UpstreamTls(context) => context.common_tls_context.as_mut(),
        Any::DownstreamTls(context) => context.common_tls_context.as_mut(),
        Any::ProxyProtocolUpstream(outer) => tls_context(outer.transport_socket.as_mut()?),
        _ => None,
    }
}

/// The secrets that TLS contexts name.
struct Used<'a> {
    secrets: &'a Secrets,
    certificates: BTreeMap<String, Secret>,
    authorities: BTreeMap<String, Secret>,
}

impl Used<'_> {
    fn replace(&mut self, context: &mut CommonTlsContext) -> Result<(), MissingSecret> {
        context.alpn_protocols.retain(|protocol| protocol != PEER_EXCHANGE);
        for certificate in &mut context.tls_certificate_sds_secret_configs {
            certificate.sds_config = None;
            self.certificate(&certificate.name)?;
        }
        match &mut context.validation {
            Some(Validation::ValidationContextSdsSecretConfig(authority)) => self.authority(authority)?,
            Some(Validation::CombinedValidationContext(combined)) => {
                if let Some(authority) = &mut combined.validation_context_sds_secret_config {
                    self.authority(authority)?;
                }
                if let Some(default) = &mut combined.default_validation_context {
                    self.revocations(default);
                }
            }
            Some(Validation::ValidationContext(validation)) => self.revocations(validation),
            None => {}
        }
        Ok(())
    }

    fn certificate(&mut self, name: &str) -> Result<(), MissingSecret> {
        if !self.certificates.contains_key(name) {
            let kind = SecretKind::TlsCertificate(self.secrets.certificate(name)?);
            self.certificates.insert(name.to_owned(), secret(name, kind));
        }
        Ok(())
    }

    fn authority(&mut self, config: &mut SdsSecretConfig) -> Result<(), MissingSecret> {
        config.sds_config = None;
        if !self.authorities.contains_key(&config.name) {
            let kind = SecretKind::ValidationContext(self.secrets.authority(&config.name)?);
            self.authorities.insert(config.name.clone(), secret(&config.name, kind));
        }
        Ok(())
    }

    /// A list of revoked certificates lies in the pod; a test authority has one of its own.
    fn revocations(&self, context: &mut CertificateValidationContext) {
        if let (Some(DataSource::Filename(_)), Some(list)) = (&context.crl, self.secrets.revocations()) {
            context.crl = Some(DataSource::InlineString(list));
        }
    }
}

fn secret(name: &str, kind: SecretKind) -> Secret {
    Secret { name: name.to_owned(), kind: Some(kind), ..Default::default() }
}

/// What Istio's filters make of the protocols that a cluster offers. The filter `istio.alpn` adds the HTTP version of
/// each request, by which the other side knows HTTP from TCP; without it that can only be said of clusters that nothing
/// but HTTP leads to, and whose HTTP version is fixed.
pub(super) fn use_plain_protocols(cluster: &mut Cluster, http_only: bool) {
    let version = http_version(cluster).filter(|_| http_only);
    for context in transport_sockets(cluster).filter_map(tls_context) {
        context.alpn_protocols.retain(|protocol| protocol != PEER_EXCHANGE);
        let in_mesh = context.alpn_protocols.iter().any(|protocol| protocol == "istio");
        if let (Some(version), true) = (version, in_mesh) {
            context.alpn_protocols = [version.0, "istio", version.1].map(str::to_owned).to_vec();
        }
    }
}

/// The names of the HTTP version that a cluster speaks, inside the mesh and outside of it.
fn http_version(cluster: &Cluster) -> Option<(&'static str, &'static str)> {
    let options = cluster.typed_extension_protocol_options.values().find_map(|options| match options {
        Any::HttpProtocolOptions(options) => options.upstream_protocol.as_ref(),
        _ => None,
    });
    match options {
        None | Some(UpstreamProtocol::ExplicitHttpConfig(ExplicitHttpConfig::HttpProtocolOptions(_))) => {
            Some(("istio-http/1.1", "http/1.1"))
        }
        Some(UpstreamProtocol::ExplicitHttpConfig(ExplicitHttpConfig::Http2ProtocolOptions(_))) => {
            Some(("istio-h2", "h2"))
        }
        Some(_) => None,
    }
}
