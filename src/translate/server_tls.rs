//! How proxies of the mesh serve mutual TLS (istio 1.31 `pilot/pkg/security/authn/utils/utils.go`,
//! `BuildInboundTLS`).

use crate::envoy::core::TransportSocket;
use crate::envoy::matcher::StringMatcher;
use crate::envoy::tls::{
    CertificateValidationContext, CombinedCertificateValidationContext, CommonTlsContext, DownstreamTlsContext,
    TlsParameters, TlsProtocol, Validation,
};

use super::{Context, secrets};

const CIPHERS: [&str; 6] = [
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "AES256-GCM-SHA384",
    "AES128-GCM-SHA256",
];

pub(super) fn transport_socket(context: DownstreamTlsContext) -> TransportSocket {
    TransportSocket::new("envoy.transport_sockets.tls", context)
}

/// Inbound mutual TLS of a sidecar.
pub(super) fn mesh(context: &Context<'_, '_>, http: bool) -> TransportSocket {
    let alpn: &[&str] = if http { &["h2", "http/1.1"] } else { &["istio-peer-exchange", "h2", "http/1.1"] };
    let certificate = secrets::from_agent(secrets::WORKLOAD_CERTIFICATE);
    let validation = CombinedCertificateValidationContext {
        default_validation_context: Some(CertificateValidationContext {
            match_subject_alt_names: trusted_names(context),
            ..Default::default()
        }),
        validation_context_sds_secret_config: Some(secrets::from_agent(secrets::MESH_ROOTS)),
        ..Default::default()
    };
    transport_socket(DownstreamTlsContext {
        common_tls_context: Some(CommonTlsContext {
            tls_params: Some(parameters(context)),
            tls_certificate_sds_secret_configs: vec![certificate],
            validation: Some(Validation::CombinedValidationContext(validation)),
            alpn_protocols: alpn.iter().map(|&name| name.to_owned()).collect(),
            ..Default::default()
        }),
        require_client_certificate: Some(true),
        ..Default::default()
    })
}

/// `meshMTLS` of the mesh over Istio's own.
fn parameters(context: &Context<'_, '_>) -> TlsParameters {
    let config = context.push.mesh.settings.config.as_ref().and_then(|config| config.mesh_mtls.as_ref());
    let minimum = config.and_then(|config| config.min_protocol_version).map(|version| version.value);
    let ciphers: Vec<_> = config.iter().flat_map(|config| &config.cipher_suites).map(|name| name.value).collect();
    let ciphers = if ciphers.is_empty() { CIPHERS.to_vec() } else { ciphers };
    TlsParameters {
        tls_minimum_protocol_version: match minimum {
            Some("TLSV1_3") => TlsProtocol::Tls1_3,
            _ => TlsProtocol::Tls1_2,
        },
        tls_maximum_protocol_version: TlsProtocol::Tls1_3,
        cipher_suites: ciphers.into_iter().map(str::to_owned).collect(),
        ecdh_curves: config.iter().flat_map(|config| &config.ecdh_curves).map(|curve| curve.value.to_owned()).collect(),
        ..Default::default()
    }
}

/// Names of all workloads of the trust domains of the mesh.
fn trusted_names(context: &Context<'_, '_>) -> Vec<StringMatcher> {
    let settings = &context.push.mesh.settings;
    let mut domains = vec![settings.trust_domain];
    domains.extend(&settings.trust_domain_aliases);
    for authority in settings.config.iter().flat_map(|config| &config.ca_certificates) {
        let trusted = authority.get("trustDomains").into_iter().flat_map(|list| list.items());
        domains.extend(trusted.filter_map(|domain| domain.as_str()));
    }
    let mut seen = Vec::new();
    domains.retain(|domain| {
        let new = !seen.contains(domain);
        seen.push(*domain);
        new
    });
    domains.into_iter().map(|domain| StringMatcher::prefix(format!("spiffe://{domain}/"))).collect()
}
