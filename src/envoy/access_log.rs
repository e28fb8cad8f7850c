//! Access logs: `envoy.config.accesslog.v3`.

use super::any::Any;
use super::core::{ApiVersion, GrpcService, SubstitutionFormatString, TypedExtensionConfig};

extension!(AccessLog);
extension!(ExtensionFilter);

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
        AndFilter: AndFilter = "and_filter",
        OrFilter: OrFilter = "or_filter",
        ResponseFlagFilter: ResponseFlagFilter = "response_flag_filter",
        ExtensionFilter: ExtensionFilter = "extension_filter",
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

message! {
    pub struct AndFilter = "envoy.config.accesslog.v3.AndFilter" {
        filters: Vec<AccessLogFilter>,
    }
}

message! {
    pub struct ExtensionFilter = "envoy.config.accesslog.v3.ExtensionFilter" {
        name: String,
        typed_config: Option<Any>,
    }
}

message! {
    pub struct CelFilter = "envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter" {
        expression: String,
    }
}

message! {
    pub struct HttpGrpcAccessLog = "envoy.extensions.access_loggers.grpc.v3.HttpGrpcAccessLogConfig" {
        common_config: Option<CommonGrpcAccessLog>,
        additional_request_headers_to_log: Vec<String>,
        additional_response_headers_to_log: Vec<String>,
        additional_response_trailers_to_log: Vec<String>,
    }
}

message! {
    pub struct TcpGrpcAccessLog = "envoy.extensions.access_loggers.grpc.v3.TcpGrpcAccessLogConfig" {
        common_config: Option<CommonGrpcAccessLog>,
    }
}

message! {
    pub struct CommonGrpcAccessLog = "envoy.extensions.access_loggers.grpc.v3.CommonGrpcAccessLogConfig" {
        log_name: String,
        grpc_service: Option<GrpcService>,
        transport_api_version: ApiVersion,
        filter_state_objects_to_log: Vec<String>,
    }
}

message! {
    pub struct OpenTelemetryAccessLog = "envoy.extensions.access_loggers.open_telemetry.v3.OpenTelemetryAccessLogConfig" {
        common_config: Option<CommonGrpcAccessLog>,
        disable_builtin_labels: bool,
        body: Option<AnyValue>,
        attributes: Option<KeyValueList>,
        formatters: Vec<TypedExtensionConfig>,
    }
}

choice! {
    pub enum AnyValue = "opentelemetry.proto.common.v1.AnyValue" {
        StringValue: String = "string_value",
    }
}

message! {
    pub struct KeyValueList = "opentelemetry.proto.common.v1.KeyValueList" {
        values: Vec<KeyValue>,
    }
}

message! {
    pub struct KeyValue = "opentelemetry.proto.common.v1.KeyValue" {
        key: String,
        value: Option<AnyValue>,
    }
}

message! {
    pub struct ReqWithoutQuery = "envoy.extensions.formatter.req_without_query.v3.ReqWithoutQuery" {}
}
