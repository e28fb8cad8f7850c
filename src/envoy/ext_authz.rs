//! The filters that ask an external service for authorization.

use super::core::{ApiVersion, GrpcService, HeaderValue, HttpStatus, HttpUri};
use super::matcher::{ListStringMatcher, MetadataMatcher};

message! {
    pub struct HttpExtAuthz = "envoy.extensions.filters.http.ext_authz.v3.ExtAuthz" {
        service: Option<ExtAuthzService>,
        transport_api_version: ApiVersion,
        failure_mode_allow: bool,
        with_request_body: Option<BufferSettings>,
        clear_route_cache: bool,
        status_on_error: Option<HttpStatus>,
        metadata_context_namespaces: Vec<String>,
        filter_enabled_metadata: Option<MetadataMatcher>,
        include_peer_certificate: bool,
        stat_prefix: String,
        allowed_headers: Option<ListStringMatcher>,
    }
}

oneof! {
    pub enum ExtAuthzService {
        GrpcService: GrpcService = "grpc_service",
        HttpService: HttpService = "http_service",
    }
}

message! {
    pub struct HttpService = "envoy.extensions.filters.http.ext_authz.v3.HttpService" {
        server_uri: Option<HttpUri>,
        path_prefix: String,
        authorization_request: Option<AuthorizationRequest>,
        authorization_response: Option<AuthorizationResponse>,
    }
}

message! {
    pub struct AuthorizationRequest = "envoy.extensions.filters.http.ext_authz.v3.AuthorizationRequest" {
        headers_to_add: Vec<HeaderValue>,
    }
}

message! {
    pub struct AuthorizationResponse = "envoy.extensions.filters.http.ext_authz.v3.AuthorizationResponse" {
        allowed_upstream_headers: Option<ListStringMatcher>,
        allowed_client_headers: Option<ListStringMatcher>,
        allowed_client_headers_on_success: Option<ListStringMatcher>,
        dynamic_metadata_from_headers: Option<ListStringMatcher>,
    }
}

message! {
    pub struct BufferSettings = "envoy.extensions.filters.http.ext_authz.v3.BufferSettings" {
        max_request_bytes: u32,
        allow_partial_message: bool,
        pack_as_bytes: bool,
    }
}

message! {
    pub struct NetworkExtAuthz = "envoy.extensions.filters.network.ext_authz.v3.ExtAuthz" {
        stat_prefix: String,
        grpc_service: Option<GrpcService>,
        failure_mode_allow: bool,
        include_peer_certificate: bool,
        transport_api_version: ApiVersion,
        filter_enabled_metadata: Option<MetadataMatcher>,
    }
}
