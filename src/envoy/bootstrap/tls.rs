//! TLS contexts without a control plane.

use std::collections::{BTreeMap, BTreeSet};

use crate::envoy::any::Any;
use crate::envoy::cluster::Cluster;
use crate::envoy::core::{DataSource, TransportSocket};
use crate::envoy::listener::Listener;
use crate::envoy::protocol::{ExplicitHttpConfig, UpstreamProtocol};
use crate::envoy::tls::{
    CertificateValidationContext, CommonTlsContext, SdsSecretConfig, Secret, SecretKind, TlsCertificate, Validation,
};

use super::Options;
use super::note::Note;

const PEER_EXCHANGE: &str = "istio-peer-exchange";
/// The names that istiod has for the workload's own certificate and for the authorities of the operating system.
const WORKLOAD: &str = "default";
const SYSTEM_ROOTS: &str = "file-root:system";

/// Makes every TLS context refer to static secrets, and returns those: certificates, then authorities, each by name.
pub(super) fn use_static_secrets(
    listeners: &mut [Listener],
    clusters: &mut [Cluster],
    options: &Options<'_>,
    notes: &mut BTreeSet<Note>,
) -> Vec<Secret> {
    let server_names = server_names(listeners);
    let mut used = Used { options, server_names, certificates: BTreeMap::new(), authorities: BTreeMap::new(), notes };
    let of_listeners =
        listeners.iter_mut().flat_map(Listener::chains_mut).filter_map(|chain| chain.transport_socket.as_mut());
    let of_clusters = clusters.iter_mut().flat_map(transport_sockets);
    for context in of_listeners.chain(of_clusters).filter_map(tls_context) {
        used.replace(context);
    }
    used.certificates.into_values().chain(used.authorities.into_values()).collect()
}

/// The names under which clients ask for the certificates of servers, by secret.
fn server_names(listeners: &[Listener]) -> BTreeMap<String, BTreeSet<String>> {
    let mut names: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for chain in listeners.iter().flat_map(Listener::chains) {
        let Some(Any::DownstreamTls(context)) = chain.transport_socket.as_ref().and_then(|s| s.typed_config.as_ref())
        else {
            continue;
        };
        let asked = chain.filter_chain_match.iter().flat_map(|matched| &matched.server_names);
        let secrets = context.common_tls_context.iter().flat_map(|common| &common.tls_certificate_sds_secret_configs);
        for secret in secrets {
            names.entry(secret.name.clone()).or_default().extend(asked.clone().cloned());
        }
    }
    names
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
    options: &'a Options<'a>,
    server_names: BTreeMap<String, BTreeSet<String>>,
    certificates: BTreeMap<String, Secret>,
    authorities: BTreeMap<String, Secret>,
    notes: &'a mut BTreeSet<Note>,
}

impl Used<'_> {
    fn replace(&mut self, context: &mut CommonTlsContext) {
        context.alpn_protocols.retain(|protocol| protocol != PEER_EXCHANGE);
        for certificate in &mut context.tls_certificate_sds_secret_configs {
            certificate.sds_config = None;
            self.use_certificate(&certificate.name);
        }
        match &mut context.validation {
            Some(Validation::ValidationContextSdsSecretConfig(authority)) => self.use_authority(authority),
            Some(Validation::CombinedValidationContext(combined)) => {
                if let Some(authority) = &mut combined.validation_context_sds_secret_config {
                    self.use_authority(authority);
                }
                if let Some(default) = &mut combined.default_validation_context {
                    self.use_revocations(default);
                }
            }
            Some(Validation::ValidationContext(validation)) => self.use_revocations(validation),
            None => {}
        }
    }

    fn use_certificate(&mut self, name: &str) {
        if !self.certificates.contains_key(name) {
            let kind = SecretKind::TlsCertificate(self.certificate(name));
            self.certificates.insert(name.to_owned(), secret(name, kind));
        }
    }

    fn certificate(&mut self, name: &str) -> TlsCertificate {
        let given = self.options.secrets.certificates.get(name).cloned();
        let certificate = given.unwrap_or_else(|| {
            let names = self.server_names.get(name).into_iter().flatten().map(String::as_str);
            let identity = self.options.identity.as_deref().filter(|_| name == WORKLOAD);
            self.notes.insert(Note::StandIn { secret: name.to_owned() });
            self.options.authority.issue(names, identity)
        });
        TlsCertificate {
            certificate_chain: Some(DataSource::InlineString(certificate.chain)),
            private_key: Some(DataSource::InlineString(certificate.key)),
            ..Default::default()
        }
    }

    fn use_authority(&mut self, config: &mut SdsSecretConfig) {
        config.sds_config = None;
        if !self.authorities.contains_key(&config.name) {
            let trusted_ca = Some(self.authority(&config.name));
            let kind = SecretKind::ValidationContext(CertificateValidationContext { trusted_ca, ..Default::default() });
            self.authorities.insert(config.name.clone(), secret(&config.name, kind));
        }
    }

    fn authority(&mut self, name: &str) -> DataSource {
        let secrets = &self.options.secrets;
        match (secrets.authorities.get(name), &secrets.system_roots) {
            (Some(given), _) => DataSource::InlineString(given.clone()),
            (None, Some(file)) if name == SYSTEM_ROOTS => DataSource::Filename(file.clone()),
            (None, _) => {
                self.notes.insert(Note::StandIn { secret: name.to_owned() });
                DataSource::InlineString(self.options.authority.pem())
            }
        }
    }

    /// A list of revoked certificates lies in the pod.
    fn use_revocations(&mut self, context: &mut CertificateValidationContext) {
        let Some(DataSource::Filename(file)) = &context.crl else { return };
        let list = self.options.secrets.revocations.get(file).cloned().unwrap_or_else(|| {
            self.notes.insert(Note::StandIn { secret: file.clone() });
            self.options.authority.revocations()
        });
        context.crl = Some(DataSource::InlineString(list));
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
