//! Where proxies get certificates from: the agent beside them, or istiod (istio 1.31
//! `pilot/pkg/security/model/authentication.go`).

use std::time::Duration;

use crate::envoy::core::{
    ApiConfigSource, ApiType, ApiVersion, ConfigSource, ConfigSourceSpecifier, EnvoyGrpc, GrpcService,
};
use crate::envoy::tls::SdsSecretConfig;

/// The certificate of the workload itself.
pub(super) const WORKLOAD_CERTIFICATE: &str = "default";
/// The roots that the mesh trusts.
pub(super) const MESH_ROOTS: &str = "ROOTCA";

/// A secret that the agent has: the workload's certificate, the mesh's roots, files of the pod. The first two are waited
/// for without limit.
pub(super) fn from_agent(name: impl Into<String>) -> SdsSecretConfig {
    let grpc = EnvoyGrpc { cluster_name: "sds-grpc".to_owned(), ..Default::default() };
    let source = ApiConfigSource {
        api_type: ApiType::Grpc,
        transport_api_version: ApiVersion::V3,
        grpc_services: vec![GrpcService { envoy_grpc: Some(grpc), ..Default::default() }],
        set_node_on_first_message_only: true,
        ..Default::default()
    };
    let name = name.into();
    // Without these no listener is of use. Others may not exist, which must not stop anything for ever.
    let is_indispensable = name == WORKLOAD_CERTIFICATE || name == MESH_ROOTS;
    let config = ConfigSource {
        specifier: Some(ConfigSourceSpecifier::ApiConfigSource(source)),
        initial_fetch_timeout: is_indispensable.then_some(Duration::ZERO),
        resource_api_version: ApiVersion::V3,
        ..Default::default()
    };
    SdsSecretConfig { name, sds_config: Some(config), ..Default::default() }
}

/// A secret of the cluster, which istiod sends.
pub(super) fn from_istiod(name: impl Into<String>) -> SdsSecretConfig {
    let config = ConfigSource {
        specifier: Some(ConfigSourceSpecifier::Ads(Default::default())),
        resource_api_version: ApiVersion::V3,
        ..Default::default()
    };
    SdsSecretConfig { name: name.into(), sds_config: Some(config), ..Default::default() }
}

/// What a `credentialName` stands for: a Secret, unless it says what it is.
pub(super) fn of_credential(name: &str) -> SdsSecretConfig {
    const BUILT_IN: &str = "builtin://";
    const TYPED: [&str; 3] = ["kubernetes://", "kubernetes-gateway://", "configmap://"];
    let name = name.strip_prefix("sds://").unwrap_or(name);
    match name.strip_prefix(BUILT_IN) {
        Some("") => from_agent(WORKLOAD_CERTIFICATE),
        Some(ROOTS_SUFFIX) => from_agent(MESH_ROOTS),
        Some(_) => from_istiod(WORKLOAD_CERTIFICATE),
        None if TYPED.iter().any(|prefix| name.starts_with(prefix)) => from_istiod(name),
        None => from_istiod(format!("kubernetes://{name}")),
    }
}

/// The roots that go with the certificate of a credential.
pub(super) fn roots_of_credential(name: &str) -> SdsSecretConfig {
    of_credential(&format!("{name}{ROOTS_SUFFIX}"))
}

/// A certificate in files of the pod; that of the workload if they are not both named.
pub(super) fn from_files(certificate: &str, key: &str) -> SdsSecretConfig {
    match certificate.is_empty() || key.is_empty() {
        true => from_agent(WORKLOAD_CERTIFICATE),
        false => from_agent(format!("file-cert:{certificate}~{key}")),
    }
}

/// Roots in a file of the pod; those of the mesh if none is named.
pub(super) fn roots_from_file(path: &str) -> SdsSecretConfig {
    if path.is_empty() { from_agent(MESH_ROOTS) } else { from_agent(format!("file-root:{path}")) }
}

const ROOTS_SUFFIX: &str = "-cacert";
