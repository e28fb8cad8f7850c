//! Where logs go: files and services (istio 1.31 `pilot/pkg/model/telemetry_logging.go`).

use serde_json::Value;

use crate::envoy::Object;
use crate::envoy::access_log::{
    AccessLog, AnyValue, CommonGrpcAccessLog, FileAccessLog, HttpGrpcAccessLog, KeyValue, KeyValueList,
    OpenTelemetryAccessLog, TcpGrpcAccessLog,
};
use crate::envoy::core::{ApiVersion, EnvoyGrpc, GrpcService, SubstitutionFormatString};
use crate::mesh::{Mesh, Provider};
use crate::model::mesh_config::{AccessLogService, FileAccessLog as FileProvider, LogFormat};
use crate::model::{Read, Str};
use crate::yaml::{Node, write_json};

use super::super::names::outbound_cluster;
use super::format;

/// A log, and what Telemetries say of it.
pub(super) struct Sink<'m> {
    pub(super) log: AccessLog,
    pub(super) disabled: bool,
    /// Only what it is true for is logged.
    pub(super) expression: Option<&'m str>,
}

/// What the exchange of metadata has found out about the peers.
const PEERS: [&str; 2] = ["upstream_peer", "downstream_peer"];

/// Also under the names before Istio 1.24.
const ALL_PEERS: [&str; 6] = [
    "upstream_peer",
    "downstream_peer",
    "wasm.upstream_peer",
    "wasm.upstream_peer_id",
    "wasm.downstream_peer",
    "wasm.downstream_peer_id",
];

const REQUESTS: &str = "envoy.access_loggers.http_grpc";
const CONNECTIONS: &str = "envoy.tcp_grpc_access_log";
const OPEN_TELEMETRY: &str = "envoy.access_loggers.open_telemetry";

/// `None` if it is not for logs, or its service does not exist.
pub(super) fn of_provider(mesh: &Mesh<'_>, provider: Provider<'_>) -> Option<AccessLog> {
    let service = || provider.node.and_then(AccessLogService::read);
    match provider.kind {
        "envoyFileAccessLog" => Some(to_file(mesh, provider)),
        "envoyHttpAls" => requests_to(mesh, &service()?),
        "envoyTcpAls" => connections_to(mesh, &service()?),
        "envoyOtelAls" => everything_to(mesh, &service()?),
        _ => None,
    }
}

/// In the format that the MeshConfig tells.
pub(super) fn file_of_mesh_config(mesh: &Mesh<'_>, path: &str) -> AccessLog {
    let config = mesh.settings.config.as_ref();
    let written = config.and_then(|config| config.access_log_format).map_or("", |text| text.value);
    let encoding = config.and_then(|config| config.access_log_encoding);
    let format = match encoding.is_some_and(|encoding| encoding.value == "JSON") {
        true => format::json_text(written),
        false => format::text(written),
    };
    file(path, Some(format))
}

/// The provider `envoy`, which every mesh has, takes the format of the MeshConfig if it has none of its own.
fn to_file(mesh: &Mesh<'_>, provider: Provider<'_>) -> AccessLog {
    let own = provider.node.and_then(FileProvider::read);
    let path = own.as_ref().and_then(|own| own.path).map_or("", |path| path.value);
    let omit_empty_values = own.as_ref().and_then(|own| own.omit_empty_values).is_some_and(|omit| omit.value);
    let log_format = own.as_ref().and_then(|own| own.log_format.as_ref());
    if provider.name == "envoy" && log_format.is_none() && !omit_empty_values {
        return file_of_mesh_config(mesh, if own.is_some() { path } else { STANDARD_OUTPUT });
    }
    let format = match log_format {
        None => Some(format::text("")),
        Some(LogFormat { labels: Some(labels), .. }) => Some(format::json(properties(*labels))),
        Some(LogFormat { text, .. }) => text.map(|text| format::text(text.value)),
    };
    let path = if path.is_empty() { STANDARD_OUTPUT } else { path };
    file(path, format.map(|format| SubstitutionFormatString { omit_empty_values, ..format }))
}

const STANDARD_OUTPUT: &str = "/dev/stdout";

fn file(path: &str, log_format: Option<SubstitutionFormatString>) -> AccessLog {
    let log = FileAccessLog { path: path.to_owned(), log_format, ..Default::default() };
    AccessLog::new("envoy.access_loggers.file", log)
}

fn requests_to(mesh: &Mesh<'_>, service: &AccessLogService<'_>) -> Option<AccessLog> {
    let log = HttpGrpcAccessLog {
        common_config: Some(common(mesh, service, "http_envoy_accesslog", &PEERS)?),
        additional_request_headers_to_log: texts(&service.additional_request_headers_to_log),
        additional_response_headers_to_log: texts(&service.additional_response_headers_to_log),
        additional_response_trailers_to_log: texts(&service.additional_response_trailers_to_log),
        ..Default::default()
    };
    Some(AccessLog::new(REQUESTS, log))
}

fn connections_to(mesh: &Mesh<'_>, service: &AccessLogService<'_>) -> Option<AccessLog> {
    let common_config = Some(common(mesh, service, "tcp_envoy_accesslog", &PEERS)?);
    Some(AccessLog::new(CONNECTIONS, TcpGrpcAccessLog { common_config, ..Default::default() }))
}

fn everything_to(mesh: &Mesh<'_>, service: &AccessLogService<'_>) -> Option<AccessLog> {
    let format = service.log_format.as_ref();
    let written = format.and_then(|format| format.text).map_or("", |text| text.value);
    let text = if written.is_empty() { format::TEXT_FORMAT } else { written };
    let labels = format.and_then(|format| format.labels).map(properties).unwrap_or_default();
    let string = |text: &str| AnyValue::StringValue(text.to_owned());
    let values = labels.iter().map(|(key, value)| KeyValue {
        key: key.clone(),
        value: Some(string(value.as_str().unwrap_or_default())),
        ..Default::default()
    });
    let common = common(mesh, service, "otel_envoy_accesslog", &[])?;
    let log = OpenTelemetryAccessLog {
        common_config: Some(CommonGrpcAccessLog { filter_state_objects_to_log: all_peers(), ..common }),
        disable_builtin_labels: true,
        body: Some(string(text)),
        attributes: (!labels.is_empty()).then(|| KeyValueList { values: values.collect(), ..Default::default() }),
        formatters: format::formatters(labels.values().filter_map(Value::as_str).chain([text])),
        ..Default::default()
    };
    Some(AccessLog::new(OPEN_TELEMETRY, log))
}

fn common(
    mesh: &Mesh<'_>,
    service: &AccessLogService<'_>,
    name: &str,
    objects: &[&str],
) -> Option<CommonGrpcAccessLog> {
    let found = mesh.provider_service(service.service?.value)?;
    let port = service.port.map_or(0, |port| port.value);
    let named = service.log_name.filter(|name| !name.is_empty()).map_or(name, |name| name.value);
    let own = texts(&service.filter_state_objects_to_log);
    let objects = objects.iter().map(|object| (*object).to_owned()).collect();
    Some(CommonGrpcAccessLog {
        log_name: named.to_owned(),
        grpc_service: Some(grpc_service(outbound_cluster(port, "", &found.host), found.host.clone())),
        transport_api_version: ApiVersion::V3,
        filter_state_objects_to_log: if own.is_empty() { objects } else { own },
        ..Default::default()
    })
}

/// To the service of `enableEnvoyAccessLogService`, whose cluster is in the bootstrap.
pub(super) fn requests_to_mesh_service() -> AccessLog {
    let common_config = Some(mesh_service("http_envoy_accesslog"));
    AccessLog::new(REQUESTS, HttpGrpcAccessLog { common_config, ..Default::default() })
}

/// The same for connections; `kind` is `tcp` or `listener`.
pub(super) fn connections_to_mesh_service(kind: &str) -> AccessLog {
    let common_config = Some(mesh_service(&format!("{kind}_envoy_accesslog")));
    AccessLog::new(CONNECTIONS, TcpGrpcAccessLog { common_config, ..Default::default() })
}

fn mesh_service(log_name: &str) -> CommonGrpcAccessLog {
    CommonGrpcAccessLog {
        log_name: log_name.to_owned(),
        grpc_service: Some(grpc_service("envoy_accesslog_service".to_owned(), String::new())),
        transport_api_version: ApiVersion::V3,
        filter_state_objects_to_log: all_peers(),
        ..Default::default()
    }
}

fn grpc_service(cluster_name: String, authority: String) -> GrpcService {
    let envoy_grpc = EnvoyGrpc { cluster_name, authority, ..Default::default() };
    GrpcService { envoy_grpc: Some(envoy_grpc), ..Default::default() }
}

fn all_peers() -> Vec<String> {
    ALL_PEERS.map(str::to_owned).into()
}

fn texts(values: &[Str<'_>]) -> Vec<String> {
    values.iter().map(|value| value.value.to_owned()).collect()
}

/// A `google.protobuf.Struct`, ordered by its keys.
fn properties(node: Node<'_>) -> Object {
    let mut text = Vec::new();
    let written = write_json(node, &mut text);
    written.ok().and_then(|()| serde_json::from_slice(&text).ok()).unwrap_or_default()
}
