//! Authorization by rules: `envoy.config.rbac.v3` and its HTTP and network filters.

use std::collections::BTreeMap;

use super::core::{CidrRange, TypedExtensionConfig};
use super::matcher::{Int32Range, MetadataMatcher, PathMatcher, StringMatcher};
use super::route::HeaderMatcher;

message! {
    pub struct Rules = "envoy.config.rbac.v3.RBAC" {
        action: Action,
        policies: BTreeMap<String, Policy>,
    }
}

message! {
    pub struct Policy = "envoy.config.rbac.v3.Policy" {
        permissions: Vec<Permission>,
        principals: Vec<Principal>,
    }
}

choice! {
    pub enum Permission = "envoy.config.rbac.v3.Permission" {
        AndRules: PermissionSet = "and_rules",
        OrRules: PermissionSet = "or_rules",
        Any: bool = "any",
        Header: HeaderMatcher = "header",
        UrlPath: PathMatcher = "url_path",
        DestinationIp: CidrRange = "destination_ip",
        DestinationPort: u32 = "destination_port",
        DestinationPortRange: Int32Range = "destination_port_range",
        Metadata: MetadataMatcher = "metadata",
        NotRule: Box<Permission> = "not_rule",
        RequestedServerName: StringMatcher = "requested_server_name",
        UriTemplate: TypedExtensionConfig = "uri_template",
    }
}

message! {
    pub struct PermissionSet = "envoy.config.rbac.v3.Permission.Set" {
        rules: Vec<Permission>,
    }
}

choice! {
    pub enum Principal = "envoy.config.rbac.v3.Principal" {
        AndIds: PrincipalSet = "and_ids",
        OrIds: PrincipalSet = "or_ids",
        Any: bool = "any",
        Authenticated: Authenticated = "authenticated",
        SourceIp: CidrRange = "source_ip",
        DirectRemoteIp: CidrRange = "direct_remote_ip",
        RemoteIp: CidrRange = "remote_ip",
        Header: HeaderMatcher = "header",
        UrlPath: PathMatcher = "url_path",
        Metadata: MetadataMatcher = "metadata",
        NotId: Box<Principal> = "not_id",
    }
}

message! {
    pub struct PrincipalSet = "envoy.config.rbac.v3.Principal.Set" {
        ids: Vec<Principal>,
    }
}

message! {
    pub struct Authenticated = "envoy.config.rbac.v3.Principal.Authenticated" {
        principal_name: Option<StringMatcher>,
    }
}

message! {
    pub struct HttpRbac = "envoy.extensions.filters.http.rbac.v3.RBAC" {
        rules: Option<Rules>,
        shadow_rules: Option<Rules>,
        shadow_rules_stat_prefix: String,
    }
}

message! {
    pub struct RbacPerRoute = "envoy.extensions.filters.http.rbac.v3.RBACPerRoute" {
        rbac: Option<HttpRbac>,
    }
}

message! {
    pub struct NetworkRbac = "envoy.extensions.filters.network.rbac.v3.RBAC" {
        rules: Option<Rules>,
        shadow_rules: Option<Rules>,
        shadow_rules_stat_prefix: String,
        stat_prefix: String,
    }
}

names! {
    pub enum Action = "envoy.config.rbac.v3.RBAC.Action" {
        Allow = "ALLOW",
        Deny = "DENY",
        Log = "LOG",
    }
}
