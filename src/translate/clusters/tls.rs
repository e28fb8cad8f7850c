//! TLS towards endpoints (istio 1.31 `pilot/pkg/networking/core/cluster_tls.go`).

use serde_json::json;

use crate::envoy::any::Any;
use crate::envoy::cluster::{Cluster, Discovery, TransportSocketMatch};
use crate::envoy::core::{DataSource, ProxyProtocolConfig, ProxyProtocolVersion, TransportSocket};
use crate::envoy::matcher::StringMatcher;
use crate::envoy::tls::{
    CertificateValidationContext, CombinedCertificateValidationContext, CommonTlsContext,
    ProxyProtocolUpstreamTransport, RawBuffer, TlsParameters, TlsProtocol, UpstreamTlsContext, Validation,
};
use crate::model::destination_rule::{ClientTlsSettings, ProxyProtocol};
use crate::translate::policy::tls_mode;
use crate::translate::{Context, secrets};

use super::protocol::Options;
use super::{is_original_dst, settings};

/// What TLS depends on besides the settings.
pub(super) struct Upstream<'u> {
    /// Who the endpoints may be.
    pub accounts: &'u [String],
    /// As which they are asked for by SNI; empty if requests tell.
    pub sni: String,
    /// Whether they are expected to speak the mutual TLS of the mesh where no rule says anything.
    pub is_mutual: bool,
    /// Whether a ServiceEntry names the endpoints.
    pub is_entry: bool,
    /// Whether the rule is for certain workloads, which may then have credentials.
    pub has_selector: bool,
}

/// Whose certificates a cluster uses.
enum Choice<'c> {
    Plaintext,
    Mesh {
        sni: String,
        names: Vec<&'c str>,
        automatic: bool,
    },
    /// Those that the settings name.
    Own(&'c ClientTlsSettings<'c>),
}

/// Writes the sockets into a cluster, and into the options what follows from the request.
pub(super) fn secure(
    context: &Context<'_, '_>,
    cluster: &mut Cluster,
    options: &mut Options,
    settings: Option<&ClientTlsSettings<'_>>,
    upstream: &Upstream<'_>,
) {
    match choose(settings, upstream) {
        Choice::Plaintext => {}
        Choice::Own(settings) => {
            cluster.transport_socket = own_context(context, cluster, options, settings, upstream).map(socket);
        }
        Choice::Mesh { sni, names, automatic } => {
            let skip = settings.is_some_and(skips_verification);
            if is_dynamic(cluster) {
                take_names_from_request(cluster, options, &sni, !names.is_empty(), skip);
            }
            let tls = socket(mesh_context(sni, names, options.http2().is_some()));
            match automatic && !is_original_dst(cluster) {
                true => cluster.transport_socket_matches = by_endpoint(tls),
                false => cluster.transport_socket = Some(tls),
            }
        }
    }
}

fn choose<'c>(settings: Option<&'c ClientTlsSettings<'c>>, upstream: &'c Upstream<'_>) -> Choice<'c> {
    let accounts = || upstream.accounts.iter().map(String::as_str).collect();
    let Some(settings) = settings else {
        return match upstream.is_mutual {
            true => Choice::Mesh { sni: upstream.sni.clone(), names: accounts(), automatic: true },
            false => Choice::Plaintext,
        };
    };
    match tls_mode(settings) {
        "ISTIO_MUTUAL" => Choice::Mesh {
            sni: written_sni(settings).map_or_else(|| upstream.sni.clone(), str::to_owned),
            names: match settings.subject_alt_names.is_empty() {
                true => accounts(),
                false => written_names(settings),
            },
            automatic: false,
        },
        "SIMPLE" | "MUTUAL" => Choice::Own(settings),
        _ => Choice::Plaintext,
    }
}

fn written_sni<'s>(settings: &'s ClientTlsSettings<'_>) -> Option<&'s str> {
    settings.sni.map(|sni| sni.value).filter(|sni| !sni.is_empty())
}

fn written_names<'s>(settings: &ClientTlsSettings<'s>) -> Vec<&'s str> {
    settings.subject_alt_names.iter().map(|name| name.value).collect()
}

fn skips_verification(settings: &ClientTlsSettings<'_>) -> bool {
    settings.insecure_skip_verify.is_some_and(|skip| skip.value)
}

/// The socket of the cluster for hosts that are resolved as requests name them.
pub(super) fn dynamic_socket(
    context: &Context<'_, '_>,
    cluster: &mut Cluster,
    options: &mut Options,
    settings: &ClientTlsSettings<'_>,
) -> Option<TransportSocket> {
    let upstream =
        Upstream { accounts: &[], sni: String::new(), is_mutual: false, is_entry: false, has_selector: false };
    secure(context, cluster, options, Some(settings), &upstream);
    cluster.transport_socket.take()
}

/// The mutual TLS of the mesh.
fn mesh_context(sni: String, names: Vec<&str>, http2: bool) -> UpstreamTlsContext {
    let validation = CombinedCertificateValidationContext {
        default_validation_context: Some(validation(&names, None)),
        validation_context_sds_secret_config: Some(secrets::from_agent(secrets::MESH_ROOTS)),
        ..Default::default()
    };
    let mut alpn = vec!["istio-peer-exchange".to_owned(), "istio".to_owned()];
    if http2 {
        alpn.push("h2".to_owned());
    }
    let common = CommonTlsContext {
        tls_params: Some(parameters()),
        tls_certificate_sds_secret_configs: vec![secrets::from_agent(secrets::WORKLOAD_CERTIFICATE)],
        validation: Some(Validation::CombinedValidationContext(validation)),
        alpn_protocols: alpn,
        ..Default::default()
    };
    UpstreamTlsContext { common_tls_context: Some(common), sni, ..Default::default() }
}

fn parameters() -> TlsParameters {
    TlsParameters {
        tls_minimum_protocol_version: TlsProtocol::Tls1_2,
        tls_maximum_protocol_version: TlsProtocol::Tls1_3,
        ..Default::default()
    }
}

fn validation(names: &[&str], revoked: Option<&str>) -> CertificateValidationContext {
    CertificateValidationContext {
        match_subject_alt_names: names.iter().map(|name| StringMatcher::exact(*name)).collect(),
        crl: revoked.map(|path| DataSource::Filename(path.to_owned())),
        ..Default::default()
    }
}

/// TLS with certificates of the settings' own. Credentials of the cluster are only for gateways and for workloads that a
/// rule selects; all others then send plaintext.
fn own_context(
    context: &Context<'_, '_>,
    cluster: &mut Cluster,
    options: &mut Options,
    settings: &ClientTlsSettings<'_>,
    upstream: &Upstream<'_>,
) -> Option<UpstreamTlsContext> {
    let credential = settings.credential_name.map(|name| name.value).filter(|name| !name.is_empty());
    let is_secret = credential.is_some_and(|name| !name.starts_with("configmap://"));
    if is_secret && !context.proxy.is_router() && !upstream.has_selector {
        return None;
    }
    let sni = written_sni(settings).unwrap_or_default();
    let written = written_names(settings);
    take_names_from_request(cluster, options, sni, !written.is_empty(), skips_verification(settings));
    let names = match written.is_empty() && upstream.is_entry {
        true => upstream.accounts.iter().map(String::as_str).collect(),
        false => written,
    };
    let mut common = CommonTlsContext { tls_params: Some(own_parameters(context)), ..Default::default() };
    match credential {
        Some(credential) => use_credential(&mut common, settings, credential, &names),
        None => use_files(&mut common, settings, &names)?,
    }
    if options.http2().is_some() {
        common.alpn_protocols = vec!["h2".to_owned()];
    }
    Some(UpstreamTlsContext { common_tls_context: Some(common), sni: sni.to_owned(), ..Default::default() })
}

/// `tlsDefaults` of the mesh.
fn own_parameters(context: &Context<'_, '_>) -> TlsParameters {
    let defaults = settings(context).config.as_ref().and_then(|config| config.tls_defaults.as_ref());
    let texts = |list: &[crate::model::Str<'_>]| list.iter().map(|text| text.value.to_owned()).collect();
    TlsParameters {
        cipher_suites: defaults.map(|defaults| texts(&defaults.cipher_suites)).unwrap_or_default(),
        ecdh_curves: defaults.map(|defaults| texts(&defaults.ecdh_curves)).unwrap_or_default(),
        ..parameters()
    }
}

fn use_credential(common: &mut CommonTlsContext, settings: &ClientTlsSettings<'_>, name: &str, names: &[&str]) {
    if tls_mode(settings) == "MUTUAL" {
        common.tls_certificate_sds_secret_configs = vec![secrets::of_credential(name)];
    }
    if !skips_verification(settings) {
        let roots = secrets::roots_of_credential(name);
        common.validation = Some(Validation::CombinedValidationContext(CombinedCertificateValidationContext {
            default_validation_context: Some(validation(names, None)),
            validation_context_sds_secret_config: Some(roots),
            ..Default::default()
        }));
    }
}

/// Files of the pod, which the agent serves. `None` if those of the client are missing, without which istiod gives up.
fn use_files(common: &mut CommonTlsContext, settings: &ClientTlsSettings<'_>, names: &[&str]) -> Option<()> {
    let file = |path: Option<crate::model::Str<'_>>| path.map(|path| path.value.to_owned()).filter(|it| !it.is_empty());
    if tls_mode(settings) == "MUTUAL" {
        let (certificate, key) = (file(settings.client_certificate)?, file(settings.private_key)?);
        common.tls_certificate_sds_secret_configs = vec![secrets::from_agent(format!("file-cert:{certificate}~{key}"))];
    }
    common.validation = Some(match skips_verification(settings) {
        true => Validation::ValidationContext(CertificateValidationContext::default()),
        false => {
            // The bundle of the operating system has a name, too.
            let roots = file(settings.ca_certificates).unwrap_or_else(|| "system".to_owned());
            Validation::CombinedValidationContext(CombinedCertificateValidationContext {
                default_validation_context: Some(validation(names, file(settings.ca_crl).as_deref())),
                validation_context_sds_secret_config: Some(secrets::from_agent(format!("file-root:{roots}"))),
                ..Default::default()
            })
        }
    });
    Some(())
}

/// SNI is the host of the request where none is written, and the certificate must be for that host unless names are.
fn take_names_from_request(cluster: &mut Cluster, options: &mut Options, sni: &str, has_names: bool, skip: bool) {
    let dynamic = is_dynamic(cluster);
    let auto_sni = sni.is_empty();
    let auto_validation = !skip && (dynamic || auto_sni && !has_names);
    if dynamic && !(auto_sni && auto_validation) {
        allow_insecure(cluster);
    }
    if auto_sni || auto_validation {
        let of_request = options.of_request();
        of_request.auto_sni = auto_sni;
        of_request.auto_san_validation = auto_validation;
    }
}

fn is_dynamic(cluster: &Cluster) -> bool {
    matches!(cluster.discovery, Some(Discovery::ClusterType(_)))
}

/// Envoy refuses a cluster of dynamic hosts that does not check them, unless told that this is meant.
pub(super) fn allow_insecure(cluster: &mut Cluster) {
    let Some(Discovery::ClusterType(kind)) = &mut cluster.discovery else { return };
    if let Some(Any::DynamicForwardProxyCluster(config)) = &mut kind.typed_config {
        config.allow_insecure_cluster_options = true;
    }
}

fn socket(context: UpstreamTlsContext) -> TransportSocket {
    TransportSocket::new("envoy.transport_sockets.tls", context)
}

/// Endpoints tell by their metadata whether they have a proxy.
fn by_endpoint(tls: TransportSocket) -> Vec<TransportSocketMatch> {
    let case = |name: &str, metadata: serde_json::Value, socket: TransportSocket| TransportSocketMatch {
        name: name.to_owned(),
        r#match: metadata.as_object().cloned(),
        transport_socket: Some(socket),
        ..Default::default()
    };
    let plaintext = TransportSocket::new("envoy.transport_sockets.raw_buffer", RawBuffer::default());
    vec![case("tlsMode-istio", json!({"tlsMode": "istio"}), tls), case("tlsMode-disabled", json!({}), plaintext)]
}

/// Each socket says first who the client is.
pub(super) fn announce_client(cluster: &mut Cluster, settings: &ProxyProtocol<'_>) {
    let version = match settings.version.map(|version| version.value) {
        Some("V2") => ProxyProtocolVersion::V2,
        _ => ProxyProtocolVersion::V1,
    };
    let wrap = |socket: TransportSocket| {
        let transport = ProxyProtocolUpstreamTransport {
            config: Some(ProxyProtocolConfig { version, ..Default::default() }),
            transport_socket: Some(socket),
            ..Default::default()
        };
        TransportSocket::new("envoy.transport_sockets.upstream_proxy_protocol", transport)
    };
    for case in &mut cluster.transport_socket_matches {
        case.transport_socket = case.transport_socket.take().map(wrap);
    }
    let bare = || TransportSocket::new("raw_buffer", RawBuffer::default());
    cluster.transport_socket = match cluster.transport_socket.take() {
        Some(socket) => Some(wrap(socket)),
        None => cluster.transport_socket_matches.is_empty().then(|| wrap(bare())),
    };
}
