//! TLS contexts and other transport sockets.

use std::time::Duration;

use super::core::{ConfigSource, DataSource, ProxyProtocolConfig, TransportSocket};
use super::matcher::StringMatcher;

message! {
    pub struct ProxyProtocolUpstreamTransport = "envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport" {
        config: Option<ProxyProtocolConfig>,
        transport_socket: Option<TransportSocket>,
    }
}

message! {
    pub struct RawBuffer = "envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer" {}
}

message! {
    pub struct TlsParameters = "envoy.extensions.transport_sockets.tls.v3.TlsParameters" {
        tls_minimum_protocol_version: TlsProtocol,
        tls_maximum_protocol_version: TlsProtocol,
        cipher_suites: Vec<String>,
        ecdh_curves: Vec<String>,
        signature_algorithms: Vec<String>,
    }
}

message! {
    pub struct CertificateValidationContext = "envoy.extensions.transport_sockets.tls.v3.CertificateValidationContext" {
        trusted_ca: Option<DataSource>,
        system_root_certs: Option<SystemRootCerts>,
        verify_certificate_spki: Vec<String>,
        verify_certificate_hash: Vec<String>,
        match_typed_subject_alt_names: Vec<SubjectAltNameMatcher>,
        match_subject_alt_names: Vec<StringMatcher>,
        crl: Option<DataSource>,
        allow_expired_certificate: bool,
        trust_chain_verification: TrustChainVerification,
    }
}

message! {
    pub struct SystemRootCerts = "envoy.extensions.transport_sockets.tls.v3.CertificateValidationContext.SystemRootCerts" {}
}

message! {
    pub struct SubjectAltNameMatcher = "envoy.extensions.transport_sockets.tls.v3.SubjectAltNameMatcher" {
        san_type: SanType,
        matcher: Option<StringMatcher>,
    }
}

message! {
    pub struct TlsCertificate = "envoy.extensions.transport_sockets.tls.v3.TlsCertificate" {
        certificate_chain: Option<DataSource>,
        private_key: Option<DataSource>,
    }
}

message! {
    pub struct SdsSecretConfig = "envoy.extensions.transport_sockets.tls.v3.SdsSecretConfig" {
        name: String,
        sds_config: Option<ConfigSource>,
    }
}

message! {
    pub struct Secret = "envoy.extensions.transport_sockets.tls.v3.Secret" {
        name: String,
        kind: Option<SecretKind>,
    }
}

oneof! {
    pub enum SecretKind {
        TlsCertificate: TlsCertificate = "tls_certificate",
        ValidationContext: CertificateValidationContext = "validation_context",
    }
}

message! {
    pub struct UpstreamTlsContext = "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext" {
        common_tls_context: Option<CommonTlsContext>,
        sni: String,
        auto_host_sni: bool,
        auto_sni_san_validation: bool,
        allow_renegotiation: bool,
        max_session_keys: Option<u32>,
    }
}

message! {
    pub struct CommonTlsContext = "envoy.extensions.transport_sockets.tls.v3.CommonTlsContext" {
        tls_params: Option<TlsParameters>,
        tls_certificates: Vec<TlsCertificate>,
        tls_certificate_sds_secret_configs: Vec<SdsSecretConfig>,
        validation: Option<Validation>,
        alpn_protocols: Vec<String>,
    }
}

oneof! {
    pub enum Validation {
        ValidationContext: CertificateValidationContext = "validation_context",
        ValidationContextSdsSecretConfig: SdsSecretConfig = "validation_context_sds_secret_config",
        CombinedValidationContext: CombinedCertificateValidationContext = "combined_validation_context",
    }
}

message! {
    pub struct CombinedCertificateValidationContext = "envoy.extensions.transport_sockets.tls.v3.CommonTlsContext.CombinedCertificateValidationContext" {
        default_validation_context: Option<CertificateValidationContext>,
        validation_context_sds_secret_config: Option<SdsSecretConfig>,
    }
}

message! {
    pub struct DownstreamTlsContext = "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext" {
        common_tls_context: Option<CommonTlsContext>,
        require_client_certificate: Option<bool>,
        require_sni: Option<bool>,
        session_timeout: Option<Duration>,
    }
}

names! {
    pub enum TlsProtocol = "envoy.extensions.transport_sockets.tls.v3.TlsParameters.TlsProtocol" {
        TlsAuto = "TLS_AUTO",
        Tls1_0 = "TLSv1_0",
        Tls1_1 = "TLSv1_1",
        Tls1_2 = "TLSv1_2",
        Tls1_3 = "TLSv1_3",
    }
}

names! {
    pub enum TrustChainVerification = "envoy.extensions.transport_sockets.tls.v3.CertificateValidationContext.TrustChainVerification" {
        VerifyTrustChain = "VERIFY_TRUST_CHAIN",
        AcceptUntrusted = "ACCEPT_UNTRUSTED",
    }
}

names! {
    pub enum SanType = "envoy.extensions.transport_sockets.tls.v3.SubjectAltNameMatcher.SanType" {
        SanTypeUnspecified = "SAN_TYPE_UNSPECIFIED",
        Email = "EMAIL",
        Dns = "DNS",
        Uri = "URI",
        IpAddress = "IP_ADDRESS",
        OtherName = "OTHER_NAME",
    }
}
