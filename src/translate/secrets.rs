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

/// A secret that the agent has: the workload's certificate, the mesh's roots, files of the pod.
pub(super) fn from_agent(name: impl Into<String>) -> SdsSecretConfig {
    let grpc = EnvoyGrpc { cluster_name: "sds-grpc".to_owned(), ..Default::default() };
    let source = ApiConfigSource {
        api_type: ApiType::Grpc,
        transport_api_version: ApiVersion::V3,
        grpc_services: vec![GrpcService { envoy_grpc: Some(grpc), ..Default::default() }],
        set_node_on_first_message_only: true,
        ..Default::default()
    };
    let config = ConfigSource {
        specifier: Some(ConfigSourceSpecifier::ApiConfigSource(source)),
        initial_fetch_timeout: Some(Duration::ZERO),
        resource_api_version: ApiVersion::V3,
        ..Default::default()
    };
    SdsSecretConfig { name: name.into(), sds_config: Some(config), ..Default::default() }
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

/// The SDS name of a credential: of a Secret, unless it says what it is of.
pub(super) fn credential(name: &str) -> String {
    const TYPED: [&str; 3] = ["kubernetes://", "kubernetes-gateway://", "configmap://"];
    if TYPED.iter().any(|prefix| name.starts_with(prefix)) { name.to_owned() } else { format!("kubernetes://{name}") }
}
