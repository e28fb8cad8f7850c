//! Access logs of the mesh (istio 1.31 `pilot/pkg/model/telemetry_logging.go`).

use serde_json::{Map, Value};

use crate::envoy::access_log::{AccessLog, AccessLogFilter, FileAccessLog, FilterSpecifier, ResponseFlagFilter};
use crate::envoy::core::{DataSource, JsonFormatOptions, LogFormat, SubstitutionFormatString};

use super::Context;

const TEXT_FORMAT: &str = concat!(
    "[%START_TIME%] \"%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%\" %RESPONSE_CODE% ",
    "%RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% ",
    "\"%UPSTREAM_TRANSPORT_FAILURE_REASON%\" %BYTES_RECEIVED% %BYTES_SENT% ",
    "%DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% \"%REQ(X-FORWARDED-FOR)%\" ",
    "\"%REQ(USER-AGENT)%\" \"%REQ(X-REQUEST-ID)%\" \"%REQ(:AUTHORITY)%\" \"%UPSTREAM_HOST%\" ",
    "%UPSTREAM_CLUSTER_RAW% %UPSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS% ",
    "%DOWNSTREAM_REMOTE_ADDRESS% %REQUESTED_SERVER_NAME% %ROUTE_NAME%\n"
);

const JSON_FORMAT: [(&str, &str); 24] = [
    ("authority", "%REQ(:AUTHORITY)%"),
    ("bytes_received", "%BYTES_RECEIVED%"),
    ("bytes_sent", "%BYTES_SENT%"),
    ("connection_termination_details", "%CONNECTION_TERMINATION_DETAILS%"),
    ("downstream_local_address", "%DOWNSTREAM_LOCAL_ADDRESS%"),
    ("downstream_remote_address", "%DOWNSTREAM_REMOTE_ADDRESS%"),
    ("duration", "%DURATION%"),
    ("method", "%REQ(:METHOD)%"),
    ("path", "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%"),
    ("protocol", "%PROTOCOL%"),
    ("request_id", "%REQ(X-REQUEST-ID)%"),
    ("requested_server_name", "%REQUESTED_SERVER_NAME%"),
    ("response_code", "%RESPONSE_CODE%"),
    ("response_code_details", "%RESPONSE_CODE_DETAILS%"),
    ("response_flags", "%RESPONSE_FLAGS%"),
    ("route_name", "%ROUTE_NAME%"),
    ("start_time", "%START_TIME%"),
    ("upstream_cluster", "%UPSTREAM_CLUSTER_RAW%"),
    ("upstream_host", "%UPSTREAM_HOST%"),
    ("upstream_local_address", "%UPSTREAM_LOCAL_ADDRESS%"),
    ("upstream_service_time", "%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%"),
    ("upstream_transport_failure_reason", "%UPSTREAM_TRANSPORT_FAILURE_REASON%"),
    ("user_agent", "%REQ(USER-AGENT)%"),
    ("x_forwarded_for", "%REQ(X-FORWARDED-FOR)%"),
];

/// The logs of requests and connections.
pub(super) fn logs(context: &Context<'_, '_>) -> Vec<AccessLog> {
    let Some(config) = &context.push.mesh.settings.config else { return Vec::new() };
    let Some(path) = config.access_log_file.filter(|path| !path.is_empty()) else { return Vec::new() };
    let written = config.access_log_format.map(|format| format.value).filter(|format| !format.is_empty());
    let json = config.access_log_encoding.is_some_and(|encoding| encoding.value == "JSON");
    let format = if json { json_format(written) } else { text_format(written) };
    let file = FileAccessLog { path: path.value.to_owned(), log_format: Some(format), ..Default::default() };
    vec![AccessLog::new("envoy.access_loggers.file", file)]
}

/// The logs of listeners: of connections for which there is no filter chain.
pub(super) fn listener_logs(context: &Context<'_, '_>) -> Vec<AccessLog> {
    let config = context.push.mesh.settings.config.as_ref();
    if config.and_then(|config| config.disable_envoy_listener_log).is_some_and(|off| off.value) {
        return Vec::new();
    }
    let mut logs = logs(context);
    for log in &mut logs {
        let flags = ResponseFlagFilter { flags: vec!["NR".to_owned()], ..Default::default() };
        let specifier = Some(FilterSpecifier::ResponseFlagFilter(flags));
        log.filter = Some(AccessLogFilter { specifier, ..Default::default() });
    }
    logs
}

fn text_format(written: Option<&str>) -> SubstitutionFormatString {
    let mut text = written.unwrap_or(TEXT_FORMAT).to_owned();
    if !text.ends_with('\n') {
        text.push('\n');
    }
    SubstitutionFormatString {
        format: Some(LogFormat::TextFormatSource(DataSource::InlineString(text))),
        ..Default::default()
    }
}

/// A format that is no JSON object is not used.
fn json_format(written: Option<&str>) -> SubstitutionFormatString {
    let own = written.and_then(|text| serde_json::from_str::<Map<String, Value>>(text).ok());
    let default = || JSON_FORMAT.into_iter().map(|(key, value)| (key.to_owned(), value.into())).collect();
    SubstitutionFormatString {
        format: Some(LogFormat::JsonFormat(own.unwrap_or_else(default))),
        json_format_options: Some(JsonFormatOptions::default()),
        ..Default::default()
    }
}
