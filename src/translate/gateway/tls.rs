//! How servers of gateways end TLS (istio 1.31 `pilot/pkg/networking/core/listener.go`, `BuildListenerTLSContext`).

use crate::envoy::core::{DataSource, TransportSocket};
use crate::envoy::matcher::StringMatcher;
use crate::envoy::tls::{
    CertificateValidationContext, CombinedCertificateValidationContext, CommonTlsContext, DownstreamTlsContext,
    SdsSecretConfig, TlsParameters, TlsProtocol, TrustChainVerification, Validation,
};
use crate::format::CipherSuite;
use crate::model::Str;
use crate::model::networking::ServerTlsSettings;
use crate::translate::secrets::{self, MESH_ROOTS, WORKLOAD_CERTIFICATE};
use crate::translate::{Context, server_tls};

use super::servers::{Server, TlsMode};

/// `None` for a server that does not end TLS.
pub(super) fn transport_socket(context: &Context<'_, '_>, server: &Server<'_>) -> Option<TransportSocket> {
    let mode = server.tls_mode()?;
    let tls = server.tls()?;
    let (certificates, validation) = match mode {
        TlsMode::Passthrough | TlsMode::AutoPassthrough => return None,
        TlsMode::IstioMutual => of_workload(tls),
        TlsMode::Simple | TlsMode::Mutual | TlsMode::OptionalMutual => match names(tls) {
            names if names.is_empty() => of_files(tls, mode),
            names => of_credentials(tls, mode, &names),
        },
    };
    let exchanges_metadata = mode == TlsMode::IstioMutual && !server.terminates_https();
    let protocols: &[&str] =
        if exchanges_metadata { &["istio-peer-exchange", "h2", "http/1.1"] } else { &["h2", "http/1.1"] };
    Some(server_tls::transport_socket(DownstreamTlsContext {
        common_tls_context: Some(CommonTlsContext {
            tls_params: if mode == TlsMode::IstioMutual { None } else { parameters(context, tls) },
            tls_certificate_sds_secret_configs: certificates,
            validation,
            alpn_protocols: protocols.iter().map(|&name| name.to_owned()).collect(),
            ..Default::default()
        }),
        require_client_certificate: Some(matches!(mode, TlsMode::Mutual | TlsMode::IstioMutual)),
        ..Default::default()
    }))
}

type Secrets = (Vec<SdsSecretConfig>, Option<Validation>);

fn text<'t>(text: Option<Str<'t>>) -> &'t str {
    text.map_or("", |text| text.value)
}

/// `credentialNames`, else the one name.
fn names<'t>(tls: &ServerTlsSettings<'t>) -> Vec<&'t str> {
    let one = text(tls.credential_name);
    match tls.credential_names.is_empty() {
        true => [one].into_iter().filter(|name| !name.is_empty()).collect(),
        false => tls.credential_names.iter().map(|name| name.value).collect(),
    }
}

fn of_workload(tls: &ServerTlsSettings<'_>) -> Secrets {
    let roots = secrets::from_agent(MESH_ROOTS);
    (vec![secrets::from_agent(WORKLOAD_CERTIFICATE)], Some(combined(client_conditions(tls, true), roots)))
}

/// Files of the pod.
fn of_files(tls: &ServerTlsSettings<'_>, mode: TlsMode) -> Secrets {
    let several = tls.tls_certificates.iter();
    let several = several.map(|files| secrets::from_files(text(files.server_certificate), text(files.private_key)));
    let certificates = match tls.tls_certificates.is_empty() {
        true => vec![secrets::from_files(text(tls.server_certificate), text(tls.private_key))],
        false => several.collect(),
    };
    let roots = secrets::roots_from_file(text(tls.ca_certificates));
    let asks_client = mode != TlsMode::Simple;
    (certificates, asks_client.then(|| combined(client_conditions(tls, true), roots)))
}

/// Secrets of the cluster. Of several the first decides which roots clients are checked with.
fn of_credentials(tls: &ServerTlsSettings<'_>, mode: TlsMode, names: &[&str]) -> Secrets {
    let certificates = names.iter().map(|name| secrets::of_credential(name)).collect();
    if mode == TlsMode::Simple {
        let conditions =
            CertificateValidationContext { match_subject_alt_names: subject_names(tls), ..Default::default() };
        let validation = (!tls.subject_alt_names.is_empty()).then_some(Validation::ValidationContext(conditions));
        return (certificates, validation);
    }
    let roots = match text(tls.ca_cert_credential_name) {
        "" => secrets::roots_of_credential(names.first().copied().unwrap_or_default()),
        name => secrets::of_credential(name),
    };
    let list = |texts: &[Str<'_>]| texts.iter().map(|text| text.value.to_owned()).collect();
    let conditions = CertificateValidationContext {
        verify_certificate_spki: list(&tls.verify_certificate_spki),
        verify_certificate_hash: list(&tls.verify_certificate_hash),
        ..client_conditions(tls, false)
    };
    (certificates, Some(combined(conditions, roots)))
}

/// Revoked certificates are known from a file, which only goes with other files.
fn client_conditions(tls: &ServerTlsSettings<'_>, with_revocations: bool) -> CertificateValidationContext {
    let revocations = Some(text(tls.ca_crl)).filter(|path| with_revocations && !path.is_empty());
    CertificateValidationContext {
        match_subject_alt_names: subject_names(tls),
        crl: revocations.map(|path| DataSource::Filename(path.to_owned())),
        trust_chain_verification: match tls.insecure_skip_verify.is_some_and(|on| on.value) {
            true => TrustChainVerification::AcceptUntrusted,
            false => TrustChainVerification::VerifyTrustChain,
        },
        ..Default::default()
    }
}

fn subject_names(tls: &ServerTlsSettings<'_>) -> Vec<StringMatcher> {
    tls.subject_alt_names.iter().map(|name| StringMatcher::exact(name.value)).collect()
}

fn combined(conditions: CertificateValidationContext, roots: SdsSecretConfig) -> Validation {
    Validation::CombinedValidationContext(CombinedCertificateValidationContext {
        default_validation_context: Some(conditions),
        validation_context_sds_secret_config: Some(roots),
        ..Default::default()
    })
}

/// What the server says over `tlsDefaults` of the mesh; `None` if neither says anything.
fn parameters(context: &Context<'_, '_>, tls: &ServerTlsSettings<'_>) -> Option<TlsParameters> {
    let mut parameters = TlsParameters::default();
    let list = |texts: &[Str<'_>]| texts.iter().map(|text| text.value.to_owned()).collect();
    let config = context.push.mesh.settings.config.as_ref();
    if let Some(defaults) = config.and_then(|config| config.tls_defaults.as_ref()) {
        parameters.ecdh_curves = list(&defaults.ecdh_curves);
        parameters.cipher_suites = list(&defaults.cipher_suites);
        parameters.tls_minimum_protocol_version = match text(defaults.min_protocol_version) {
            "" | "TLS_AUTO" => TlsProtocol::TlsAuto,
            "TLSV1_3" => TlsProtocol::Tls1_3,
            _ => TlsProtocol::Tls1_2,
        };
    }
    let suites = known_suites(&tls.cipher_suites);
    if !suites.is_empty() {
        parameters.cipher_suites = suites;
    }
    if let Some(version) = version(tls.min_protocol_version) {
        parameters.tls_minimum_protocol_version = version;
    }
    if let Some(version) = version(tls.max_protocol_version) {
        parameters.tls_maximum_protocol_version = version;
    }
    (parameters != TlsParameters::default()).then_some(parameters)
}

/// Each once, without those that Envoy would refuse.
fn known_suites(suites: &[Str<'_>]) -> Vec<String> {
    let mut known: Vec<String> = Vec::new();
    for suite in suites.iter().filter(|suite| CipherSuite::parse(suite.value).is_ok()) {
        if known.iter().all(|own| own != suite.value) {
            known.push(suite.value.to_owned());
        }
    }
    known
}

fn version(written: Option<Str<'_>>) -> Option<TlsProtocol> {
    Some(match written?.value {
        "TLSV1_0" => TlsProtocol::Tls1_0,
        "TLSV1_1" => TlsProtocol::Tls1_1,
        "TLSV1_2" => TlsProtocol::Tls1_2,
        "TLSV1_3" => TlsProtocol::Tls1_3,
        _ => return None,
    })
}
