//! Access logs: `envoy.config.accesslog.v3`.

use super::any::Any;
use super::core::SubstitutionFormatString;

extension!(AccessLog);

message! {
    pub struct AccessLog = "envoy.config.accesslog.v3.AccessLog" {
        name: String,
        filter: Option<AccessLogFilter>,
        typed_config: Option<Any>,
    }
}

message! {
    pub struct AccessLogFilter = "envoy.config.accesslog.v3.AccessLogFilter" {
        specifier: Option<FilterSpecifier>,
    }
}

oneof! {
    pub enum FilterSpecifier {
        NotHealthCheckFilter: NotHealthCheckFilter = "not_health_check_filter",
        OrFilter: OrFilter = "or_filter",
        ResponseFlagFilter: ResponseFlagFilter = "response_flag_filter",
    }
}

message! {
    pub struct ResponseFlagFilter = "envoy.config.accesslog.v3.ResponseFlagFilter" {
        flags: Vec<String>,
    }
}

message! {
    pub struct NotHealthCheckFilter = "envoy.config.accesslog.v3.NotHealthCheckFilter" {}
}

message! {
    pub struct OrFilter = "envoy.config.accesslog.v3.OrFilter" {
        filters: Vec<AccessLogFilter>,
    }
}

message! {
    pub struct FileAccessLog = "envoy.extensions.access_loggers.file.v3.FileAccessLog" {
        path: String,
        log_format: Option<SubstitutionFormatString>,
    }
}
