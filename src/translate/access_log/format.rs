//! What a line of a log holds.

use serde_json::{Map, Value};

use crate::envoy::Object;
use crate::envoy::access_log::ReqWithoutQuery;
use crate::envoy::core::{DataSource, JsonFormatOptions, LogFormat, SubstitutionFormatString, TypedExtensionConfig};

/// The format of Istio.
pub(super) const TEXT_FORMAT: &str = concat!(
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

/// The format of Istio for no text. A line break is added where there is none.
pub(super) fn text(written: &str) -> SubstitutionFormatString {
    let mut text = if written.is_empty() { TEXT_FORMAT } else { written }.to_owned();
    if !text.ends_with('\n') {
        text.push('\n');
    }
    SubstitutionFormatString {
        formatters: formatters([text.as_str()]),
        format: Some(LogFormat::TextFormatSource(DataSource::InlineString(text))),
        ..Default::default()
    }
}

/// The properties of Istio if there are none.
pub(super) fn json(properties: Object) -> SubstitutionFormatString {
    let own = || JSON_FORMAT.into_iter().map(|(key, value)| (key.to_owned(), value.into())).collect();
    let properties = if properties.is_empty() { own() } else { properties };
    SubstitutionFormatString {
        formatters: formatters(properties.values().filter_map(Value::as_str)),
        format: Some(LogFormat::JsonFormat(properties)),
        json_format_options: Some(JsonFormatOptions::default()),
        ..Default::default()
    }
}

/// A JSON object in a text. One that cannot be read is not used; an empty one is.
pub(super) fn json_text(written: &str) -> SubstitutionFormatString {
    match serde_json::from_str::<Map<String, Value>>(written) {
        Ok(properties) if properties.is_empty() => SubstitutionFormatString {
            format: Some(LogFormat::JsonFormat(properties)),
            json_format_options: Some(JsonFormatOptions::default()),
            ..Default::default()
        },
        properties => json(properties.unwrap_or_default()),
    }
}

/// The extensions that commands in these texts need.
pub(super) fn formatters<'t>(texts: impl IntoIterator<Item = &'t str>) -> Vec<TypedExtensionConfig> {
    let asks = texts.into_iter().any(|text| text.contains("%REQ_WITHOUT_QUERY"));
    let formatter = || TypedExtensionConfig::new("envoy.formatter.req_without_query", ReqWithoutQuery::default());
    asks.then(formatter).into_iter().collect()
}
