//! External authorizers: the extension providers `envoyExtAuthzHttp` and `envoyExtAuthzGrpc` of the MeshConfig.

use std::time::Duration;

use serde_json::Value;

use crate::envoy::Json;
use crate::envoy::core::{ApiVersion, EnvoyGrpc, GrpcService, HeaderValue, HttpStatus, HttpUri, StatusCode};
use crate::envoy::ext_authz::{
    AuthorizationRequest, AuthorizationResponse, BufferSettings, ExtAuthzService, HttpExtAuthz, HttpService,
    NetworkExtAuthz,
};
use crate::envoy::http_connection_manager::HttpFilter;
use crate::envoy::listener::Filter;
use crate::envoy::matcher::{ListStringMatcher, MetadataMatcher, StringMatcher, ValueMatcher};
use crate::format::{self, DnsLabel, Port};
use crate::mesh::{Mesh, Service};
use crate::model::mesh_config::{ExtAuthzGrpc, ExtAuthzHttp, RequestBody};
use crate::model::{Bool, Int, Located, Read, Str};

use super::super::names::outbound_cluster;
use super::authorization::{HTTP_RBAC, NETWORK_RBAC, metadata};

/// What the shadow rules of CUSTOM policies put before the names of what they find out.
pub(super) const SHADOW_PREFIX: &str = "istio_ext_authz_";

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(600);

/// An external authorizer as a filter for requests and, if it speaks gRPC, for connections.
pub(super) struct ExtAuthz {
    http: HttpExtAuthz,
    network: Option<NetworkExtAuthz>,
}

impl ExtAuthz {
    /// The provider of this name; `None` if there is none that can be asked.
    pub(super) fn find(mesh: &Mesh<'_>, name: &str) -> Option<Self> {
        let (kind, node) = mesh.settings.extension_provider(name)?.kind()?;
        if !is_legal_name(name) {
            return None;
        }
        match kind {
            "envoyExtAuthzHttp" => by_http(mesh, &ExtAuthzHttp::read(node)?, name),
            "envoyExtAuthzGrpc" => by_grpc(mesh, &ExtAuthzGrpc::read(node)?, name),
            _ => None,
        }
    }

    pub(super) fn takes_connections(&self) -> bool {
        self.network.is_some()
    }

    pub(super) fn http_filter(&self) -> HttpFilter {
        HttpFilter::new("envoy.filters.http.ext_authz", self.http.clone())
    }

    /// `None` if it does not take connections, for it speaks HTTP.
    pub(super) fn network_filter(&self) -> Option<Filter> {
        Some(Filter::new("envoy.filters.network.ext_authz", self.network.clone()?))
    }
}

/// What stands before the name of a rule that is for the authorizer `provider`.
pub(super) fn policy_prefix(provider: &str) -> String {
    match provider {
        "" => "istio-ext-authz".to_owned(),
        provider => format!("istio-ext-authz-{provider}"),
    }
}

fn is_legal_name(name: &str) -> bool {
    DnsLabel::parse(name).is_ok() && !name.bytes().any(|byte| byte.is_ascii_uppercase())
}

fn by_http(mesh: &Mesh<'_>, provider: &ExtAuthzHttp<'_>, name: &str) -> Option<ExtAuthz> {
    let prefix = provider.path_prefix.map_or("", |prefix| prefix.value);
    let lists = [
        &provider.include_request_headers_in_check,
        &provider.include_headers_in_check,
        &provider.headers_to_downstream_on_deny,
        &provider.headers_to_downstream_on_allow,
        &provider.headers_to_upstream_on_allow,
    ];
    let has_lone_star = lists.into_iter().flatten().any(|header| header.value == "*");
    if has_lone_star || !(prefix.is_empty() || prefix.starts_with('/')) {
        return None;
    }
    let target = Target::find(mesh, provider.service, provider.port)?;
    let service = HttpService {
        server_uri: Some(HttpUri {
            // Envoy wants a URI, but goes to the cluster.
            uri: format!("http://{}", target.service.host),
            cluster: Some(target.cluster()),
            timeout: Some(timeout(provider.timeout)),
            ..Default::default()
        }),
        path_prefix: prefix.to_owned(),
        authorization_request: additional_headers(provider),
        authorization_response: response_headers(provider),
        ..Default::default()
    };
    let asked = match &provider.include_request_headers_in_check[..] {
        [] => headers(&provider.include_headers_in_check),
        newer => headers(newer),
    };
    let status = status(provider.status_on_error)?;
    let body = provider.include_request_body_in_check.as_ref();
    let http = HttpExtAuthz {
        allowed_headers: asked,
        ..http_filter(name, ExtAuthzService::HttpService(service), provider.fail_open, status, body)
    };
    Some(ExtAuthz { http, network: None })
}

fn by_grpc(mesh: &Mesh<'_>, provider: &ExtAuthzGrpc<'_>, name: &str) -> Option<ExtAuthz> {
    let target = Target::find(mesh, provider.service, provider.port)?;
    let service = GrpcService {
        envoy_grpc: Some(EnvoyGrpc {
            cluster_name: target.cluster(),
            authority: target.service.host.clone(),
            ..Default::default()
        }),
        timeout: Some(timeout(provider.timeout)),
        ..Default::default()
    };
    let status = status(provider.status_on_error)?;
    let body = provider.include_request_body_in_check.as_ref();
    let network = NetworkExtAuthz {
        stat_prefix: "tcp.".to_owned(),
        grpc_service: Some(service.clone()),
        failure_mode_allow: is_set(provider.fail_open),
        transport_api_version: ApiVersion::V3,
        filter_enabled_metadata: Some(enabled_by(NETWORK_RBAC, name)),
        ..Default::default()
    };
    let http = http_filter(name, ExtAuthzService::GrpcService(service), provider.fail_open, status, body);
    Some(ExtAuthz { http, network: Some(network) })
}

fn http_filter(
    name: &str,
    service: ExtAuthzService,
    fail_open: Option<Bool>,
    status_on_error: Option<HttpStatus>,
    body: Option<&RequestBody<'_>>,
) -> HttpExtAuthz {
    HttpExtAuthz {
        service: Some(service),
        transport_api_version: ApiVersion::V3,
        failure_mode_allow: is_set(fail_open),
        with_request_body: body.map(request_body),
        status_on_error,
        filter_enabled_metadata: Some(enabled_by(HTTP_RBAC, name)),
        ..Default::default()
    }
}

/// The authorizer is asked where the shadow rules of `rbac_filter` found that one of its policies matches.
fn enabled_by(rbac_filter: &str, provider: &str) -> MetadataMatcher {
    let policy = format!("{SHADOW_PREFIX}shadow_effective_policy_id");
    let value = ValueMatcher::StringMatch(StringMatcher::prefix(policy_prefix(provider)));
    metadata(rbac_filter, [policy.as_str()], value)
}

/// The port of the service that is asked.
struct Target<'s, 'm> {
    service: &'s Service<'m>,
    port: Port,
}

impl<'s, 'm> Target<'s, 'm> {
    fn find(mesh: &'s Mesh<'m>, service: Option<Str<'_>>, port: Option<Int>) -> Option<Self> {
        Some(Self { service: mesh.provider_service(service?.value)?, port: Port::from_number(port?.value).ok()? })
    }

    fn cluster(&self) -> String {
        outbound_cluster(self.port.number().into(), "", &self.service.host)
    }
}

fn timeout(written: Option<Located<format::Duration>>) -> Duration {
    written.map_or(DEFAULT_TIMEOUT, |timeout| timeout.value.to_std())
}

fn is_set(field: Option<Bool>) -> bool {
    field.is_some_and(|field| field.value)
}

/// `None` if it is no status that Envoy knows.
fn status(written: Option<Str<'_>>) -> Option<Option<HttpStatus>> {
    let Some(text) = written.map(|text| text.value).filter(|text| !text.is_empty()) else { return Some(None) };
    let number: i32 = text.parse().ok()?;
    let code = StatusCode::read(&Value::from(number)).ok()?;
    Some(Some(HttpStatus { code, ..Default::default() }))
}

fn request_body(body: &RequestBody<'_>) -> BufferSettings {
    BufferSettings {
        max_request_bytes: body.max_request_bytes.map_or(0, |bytes| u32::try_from(bytes.value).unwrap_or(0)),
        allow_partial_message: is_set(body.allow_partial_message),
        pack_as_bytes: is_set(body.pack_as_bytes),
        ..Default::default()
    }
}

fn additional_headers(provider: &ExtAuthzHttp<'_>) -> Option<AuthorizationRequest> {
    let headers = provider.include_additional_headers_in_check.iter();
    let mut headers: Vec<_> = headers.map(|(key, value)| (key.value, value.value)).collect();
    headers.sort_unstable();
    let added =
        |(key, value): (&str, &str)| HeaderValue { key: key.to_owned(), value: value.to_owned(), ..Default::default() };
    let headers_to_add: Vec<_> = headers.into_iter().map(added).collect();
    (!headers_to_add.is_empty()).then(|| AuthorizationRequest { headers_to_add, ..Default::default() })
}

fn response_headers(provider: &ExtAuthzHttp<'_>) -> Option<AuthorizationResponse> {
    let response = AuthorizationResponse {
        allowed_upstream_headers: headers(&provider.headers_to_upstream_on_allow),
        allowed_client_headers: headers(&provider.headers_to_downstream_on_deny),
        allowed_client_headers_on_success: headers(&provider.headers_to_downstream_on_allow),
        ..Default::default()
    };
    (response != AuthorizationResponse::default()).then_some(response)
}

/// Names of headers, perhaps with a `*` at one end; `None` without any.
fn headers(names: &[Str<'_>]) -> Option<ListStringMatcher> {
    let pattern = |name: &Str<'_>| match (name.value.strip_prefix('*'), name.value.strip_suffix('*')) {
        (Some(suffix), _) => StringMatcher::suffix(suffix),
        (None, Some(prefix)) => StringMatcher::prefix(prefix),
        (None, None) => StringMatcher::exact(name.value),
    };
    let patterns: Vec<_> = names.iter().map(|name| pattern(name).ignoring_case()).collect();
    (!patterns.is_empty()).then(|| ListStringMatcher { patterns, ..Default::default() })
}
