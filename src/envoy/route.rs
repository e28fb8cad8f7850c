//! Route configurations: `envoy.config.route.v3`.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::any::Any;
use super::core::{
    DataSource, HeaderValueOption, Metadata, RoutingPriority, RuntimeFractionalPercent, TypedExtensionConfig,
};
use super::matcher::{Int64Range, MetadataMatcher, RegexMatchAndSubstitute, RegexMatcher, StringMatcher};

extension!(RetryHostPredicate);
extension!(RetryPriority);

impl RouteConfiguration {
    /// What it, its virtual hosts and their routes say for filters.
    pub fn filter_configs(&self) -> impl Iterator<Item = &Any> {
        let of_hosts = self.virtual_hosts.iter().flat_map(|host| {
            let of_routes = host.routes.iter().flat_map(|route| route.typed_per_filter_config.values());
            host.typed_per_filter_config.values().chain(of_routes)
        });
        self.typed_per_filter_config.values().chain(of_hosts)
    }
}

impl HeaderMatcher {
    pub fn new(name: impl Into<String>, specifier: HeaderMatch) -> Self {
        Self { name: name.into(), specifier: Some(specifier), ..Default::default() }
    }
}

/// What endpoints are chosen by, in words.
impl fmt::Display for HashPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.policy {
            Some(HashPolicySpecifier::Header(header)) => write!(f, "header `{}`", header.header_name),
            Some(HashPolicySpecifier::Cookie(cookie)) => write!(f, "cookie `{}`", cookie.name),
            Some(HashPolicySpecifier::ConnectionProperties(_)) => f.write_str("the address of the client"),
            Some(HashPolicySpecifier::QueryParameter(parameter)) => write!(f, "query parameter `{}`", parameter.name),
            None => f.write_str("nothing"),
        }
    }
}

message! {
    pub struct RouteConfiguration = "envoy.config.route.v3.RouteConfiguration" {
        name: String,
        virtual_hosts: Vec<VirtualHost>,
        response_headers_to_add: Vec<HeaderValueOption>,
        response_headers_to_remove: Vec<String>,
        request_headers_to_add: Vec<HeaderValueOption>,
        request_headers_to_remove: Vec<String>,
        most_specific_header_mutations_wins: bool,
        validate_clusters: Option<bool>,
        max_direct_response_body_size_bytes: Option<u32>,
        ignore_port_in_host_matching: bool,
        typed_per_filter_config: BTreeMap<String, Any>,
    }
}

message! {
    pub struct VirtualHost = "envoy.config.route.v3.VirtualHost" {
        name: String,
        domains: Vec<String>,
        routes: Vec<Route>,
        require_tls: TlsRequirementType,
        request_headers_to_add: Vec<HeaderValueOption>,
        request_headers_to_remove: Vec<String>,
        response_headers_to_add: Vec<HeaderValueOption>,
        response_headers_to_remove: Vec<String>,
        typed_per_filter_config: BTreeMap<String, Any>,
        include_request_attempt_count: bool,
        include_attempt_count_in_response: bool,
        retry_policy: Option<RetryPolicy>,
    }
}

message! {
    pub struct Route = "envoy.config.route.v3.Route" {
        name: String,
        r#match: Option<RouteMatch>,
        action: Option<Action>,
        metadata: Option<Metadata>,
        decorator: Option<Decorator>,
        typed_per_filter_config: BTreeMap<String, Any>,
        request_headers_to_add: Vec<HeaderValueOption>,
        request_headers_to_remove: Vec<String>,
        response_headers_to_add: Vec<HeaderValueOption>,
        response_headers_to_remove: Vec<String>,
        stat_prefix: String,
    }
}

oneof! {
    pub enum Action {
        Route: RouteAction = "route",
        Redirect: RedirectAction = "redirect",
        DirectResponse: DirectResponseAction = "direct_response",
    }
}

message! {
    pub struct RouteMatch = "envoy.config.route.v3.RouteMatch" {
        path_specifier: Option<PathSpecifier>,
        case_sensitive: Option<bool>,
        runtime_fraction: Option<RuntimeFractionalPercent>,
        headers: Vec<HeaderMatcher>,
        query_parameters: Vec<QueryParameterMatcher>,
        dynamic_metadata: Vec<MetadataMatcher>,
    }
}

oneof! {
    pub enum PathSpecifier {
        Prefix: String = "prefix",
        Path: String = "path",
        SafeRegex: RegexMatcher = "safe_regex",
        ConnectMatcher: ConnectMatcher = "connect_matcher",
        PathSeparatedPrefix: String = "path_separated_prefix",
        PathMatchPolicy: TypedExtensionConfig = "path_match_policy",
    }
}

message! {
    pub struct RouteAction = "envoy.config.route.v3.RouteAction" {
        cluster_specifier: Option<ClusterSpecifier>,
        cluster_not_found_response_code: ClusterNotFoundResponseCode,
        metadata_match: Option<Metadata>,
        prefix_rewrite: String,
        regex_rewrite: Option<RegexMatchAndSubstitute>,
        host_rewrite: Option<HostRewrite>,
        append_x_forwarded_host: bool,
        timeout: Option<Duration>,
        idle_timeout: Option<Duration>,
        retry_policy: Option<RetryPolicy>,
        request_mirror_policies: Vec<RequestMirrorPolicy>,
        priority: RoutingPriority,
        hash_policy: Vec<HashPolicy>,
        max_grpc_timeout: Option<Duration>,
        upgrade_configs: Vec<UpgradeConfig>,
        max_stream_duration: Option<MaxStreamDuration>,
    }
}

oneof! {
    pub enum ClusterSpecifier {
        Cluster: String = "cluster",
        ClusterHeader: String = "cluster_header",
        WeightedClusters: WeightedCluster = "weighted_clusters",
    }
}

oneof! {
    pub enum HostRewrite {
        HostRewriteLiteral: String = "host_rewrite_literal",
        AutoHostRewrite: bool = "auto_host_rewrite",
        HostRewriteHeader: String = "host_rewrite_header",
    }
}

message! {
    pub struct RetryPolicy = "envoy.config.route.v3.RetryPolicy" {
        retry_on: String,
        num_retries: Option<u32>,
        per_try_timeout: Option<Duration>,
        per_try_idle_timeout: Option<Duration>,
        retry_priority: Option<RetryPriority>,
        retry_host_predicate: Vec<RetryHostPredicate>,
        host_selection_retry_max_attempts: i64,
        retriable_status_codes: Vec<u32>,
        retry_back_off: Option<RetryBackOff>,
        retriable_headers: Vec<HeaderMatcher>,
    }
}

message! {
    pub struct MaxStreamDuration = "envoy.config.route.v3.RouteAction.MaxStreamDuration" {
        max_stream_duration: Option<Duration>,
        grpc_timeout_header_max: Option<Duration>,
    }
}

message! {
    pub struct Decorator = "envoy.config.route.v3.Decorator" {
        operation: String,
    }
}

message! {
    pub struct WeightedCluster = "envoy.config.route.v3.WeightedCluster" {
        clusters: Vec<ClusterWeight>,
        total_weight: Option<u32>,
    }
}

message! {
    pub struct ClusterWeight = "envoy.config.route.v3.WeightedCluster.ClusterWeight" {
        name: String,
        weight: Option<u32>,
        metadata_match: Option<Metadata>,
        request_headers_to_add: Vec<HeaderValueOption>,
        request_headers_to_remove: Vec<String>,
        response_headers_to_add: Vec<HeaderValueOption>,
        response_headers_to_remove: Vec<String>,
        typed_per_filter_config: BTreeMap<String, Any>,
        host_rewrite_literal: Option<String>,
    }
}

message! {
    pub struct RetryHostPredicate = "envoy.config.route.v3.RetryPolicy.RetryHostPredicate" {
        name: String,
        typed_config: Option<Any>,
    }
}

message! {
    pub struct HashPolicy = "envoy.config.route.v3.RouteAction.HashPolicy" {
        policy: Option<HashPolicySpecifier>,
        terminal: bool,
    }
}

oneof! {
    pub enum HashPolicySpecifier {
        Header: HashHeader = "header",
        Cookie: HashCookie = "cookie",
        ConnectionProperties: HashConnection = "connection_properties",
        QueryParameter: HashQueryParameter = "query_parameter",
    }
}

message! {
    pub struct HashHeader = "envoy.config.route.v3.RouteAction.HashPolicy.Header" {
        header_name: String,
        regex_rewrite: Option<RegexMatchAndSubstitute>,
    }
}

message! {
    pub struct HeaderMatcher = "envoy.config.route.v3.HeaderMatcher" {
        name: String,
        specifier: Option<HeaderMatch>,
        invert_match: bool,
        treat_missing_header_as_empty: bool,
    }
}

oneof! {
    pub enum HeaderMatch {
        RangeMatch: Int64Range = "range_match",
        PresentMatch: bool = "present_match",
        StringMatch: StringMatcher = "string_match",
    }
}

message! {
    pub struct HashConnection = "envoy.config.route.v3.RouteAction.HashPolicy.ConnectionProperties" {
        source_ip: bool,
    }
}

message! {
    pub struct QueryParameterMatcher = "envoy.config.route.v3.QueryParameterMatcher" {
        name: String,
        specifier: Option<QueryParameterMatch>,
    }
}

oneof! {
    pub enum QueryParameterMatch {
        StringMatch: StringMatcher = "string_match",
        PresentMatch: bool = "present_match",
    }
}

message! {
    pub struct RequestMirrorPolicy = "envoy.config.route.v3.RouteAction.RequestMirrorPolicy" {
        cluster: String,
        runtime_fraction: Option<RuntimeFractionalPercent>,
        trace_sampled: Option<bool>,
        disable_shadow_host_suffix_append: bool,
    }
}

message! {
    pub struct DirectResponseAction = "envoy.config.route.v3.DirectResponseAction" {
        status: u32,
        body: Option<DataSource>,
    }
}

message! {
    pub struct RedirectAction = "envoy.config.route.v3.RedirectAction" {
        scheme_rewrite: Option<SchemeRewrite>,
        host_redirect: String,
        port_redirect: u32,
        path_rewrite: Option<PathRewrite>,
        response_code: RedirectResponseCode,
        strip_query: bool,
    }
}

oneof! {
    pub enum SchemeRewrite {
        HttpsRedirect: bool = "https_redirect",
        SchemeRedirect: String = "scheme_redirect",
    }
}

oneof! {
    pub enum PathRewrite {
        PathRedirect: String = "path_redirect",
        PrefixRewrite: String = "prefix_rewrite",
        RegexRewrite: RegexMatchAndSubstitute = "regex_rewrite",
    }
}

message! {
    pub struct RetryPriority = "envoy.config.route.v3.RetryPolicy.RetryPriority" {
        name: String,
        typed_config: Option<Any>,
    }
}

message! {
    pub struct RetryBackOff = "envoy.config.route.v3.RetryPolicy.RetryBackOff" {
        base_interval: Option<Duration>,
        max_interval: Option<Duration>,
    }
}

message! {
    pub struct HashQueryParameter = "envoy.config.route.v3.RouteAction.HashPolicy.QueryParameter" {
        name: String,
    }
}

message! {
    pub struct HashCookie = "envoy.config.route.v3.RouteAction.HashPolicy.Cookie" {
        name: String,
        ttl: Option<Duration>,
        path: String,
        attributes: Vec<CookieAttribute>,
    }
}

message! {
    pub struct CookieAttribute = "envoy.config.route.v3.RouteAction.HashPolicy.CookieAttribute" {
        name: String,
        value: String,
    }
}

message! {
    pub struct UpgradeConfig = "envoy.config.route.v3.RouteAction.UpgradeConfig" {
        upgrade_type: String,
        enabled: Option<bool>,
    }
}

message! {
    pub struct ConnectMatcher = "envoy.config.route.v3.RouteMatch.ConnectMatcher" {}
}

message! {
    pub struct FilterConfig = "envoy.config.route.v3.FilterConfig" {
        config: Option<Any>,
        is_optional: bool,
        disabled: bool,
    }
}

message! {
    pub struct UriTemplateMatchConfig = "envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig" {
        path_template: String,
    }
}

message! {
    pub struct PreviousHostsPredicate = "envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate" {}
}

message! {
    pub struct PreviousPrioritiesConfig = "envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig" {
        update_frequency: i32,
    }
}

names! {
    pub enum TlsRequirementType = "envoy.config.route.v3.VirtualHost.TlsRequirementType" {
        None = "NONE",
        ExternalOnly = "EXTERNAL_ONLY",
        All = "ALL",
    }
}

names! {
    pub enum ClusterNotFoundResponseCode = "envoy.config.route.v3.RouteAction.ClusterNotFoundResponseCode" {
        ServiceUnavailable = "SERVICE_UNAVAILABLE",
        NotFound = "NOT_FOUND",
        InternalServerError = "INTERNAL_SERVER_ERROR",
    }
}

names! {
    pub enum RedirectResponseCode = "envoy.config.route.v3.RedirectAction.RedirectResponseCode" {
        MovedPermanently = "MOVED_PERMANENTLY",
        Found = "FOUND",
        SeeOther = "SEE_OTHER",
        TemporaryRedirect = "TEMPORARY_REDIRECT",
        PermanentRedirect = "PERMANENT_REDIRECT",
    }
}
