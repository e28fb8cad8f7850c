use std::sync::LazyLock;

use regex::Regex;

use crate::finding::nearest;

use super::{HeaderValue, Reason};

/// Fails with the first command of a header's value that Envoy 1.40 does not take: it has none of this name, or not with
/// such arguments. (Its names are those of source/common/formatter; the lists were made by asking it.)
pub fn refused_command(value: HeaderValue<'_>) -> Result<(), Reason> {
    static COMMAND: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^%([A-Z0-9_]+)(?:\(([^)]*)\))?(:[0-9]+)?%").expect("a regular expression without mistakes")
    });
    let mut rest = value.as_str();
    while let Some(start) = rest.find('%') {
        rest = &rest[start..];
        if let Some(after) = rest.strip_prefix("%%") {
            rest = after;
            continue;
        }
        let Some(command) = COMMAND.captures(rest) else {
            let message = format!("Envoy reads no command in `{rest}`");
            return Err(Reason::new(message).help("write commands as in `%REQ(x-user)%`, and `%%` for a percent sign"));
        };
        let arguments = command.get(2).map(|text| text.as_str()).filter(|text| !text.is_empty());
        check(&command[1], arguments)?;
        if command.get(3).is_some() && WITH_LENGTH.binary_search(&&command[1]).is_err() {
            return Err(Reason::new(format!("Envoy's command `%{}%` has no length", &command[1])));
        }
        rest = &rest[command[0].len()..];
    }
    Ok(())
}

fn check(name: &str, arguments: Option<&str>) -> Result<(), Reason> {
    let is_in = |list: &[&str]| list.binary_search(&name).is_ok();
    match arguments {
        Some(_) if is_in(WITH_ARGUMENTS) || is_in(WITH_OR_WITHOUT) => Ok(()),
        None if is_in(WITHOUT_ARGUMENTS) || is_in(WITH_OR_WITHOUT) => Ok(()),
        Some(_) if is_in(WITHOUT_ARGUMENTS) => Err(Reason::new(format!("Envoy's command `%{name}%` has no arguments"))),
        None if is_in(WITH_ARGUMENTS) => Err(Reason::new(format!("Envoy's command `%{name}(…)%` needs arguments"))),
        _ => {
            let all = WITHOUT_ARGUMENTS.iter().chain(WITH_ARGUMENTS).chain(WITH_OR_WITHOUT).copied();
            let reason = Reason::new(format!("Envoy has no command `%{name}%`"));
            Err(match nearest(name, all) {
                Some(near) => reason.help(format!("did you mean `{near}`?")),
                None => reason.help("write `%%` for a percent sign"),
            })
        }
    }
}

/// What can be cut to a length, as in `%PATH:10%`. (istiod takes no length behind arguments, so headers cannot have one.)
#[rustfmt::skip]
const WITH_LENGTH: &[&str] = &[
    "CEL",
    "DYNAMIC_METADATA",
    "ENVIRONMENT",
    "FILTER_STATE",
    "PATH",
    "QUERY_PARAM",
    "QUERY_PARAMS",
    "REQ",
    "REQUEST_HEADER",
    "RESP",
    "RESPONSE_HEADER",
    "RESPONSE_TRAILER",
    "STREAM_INFO_REQ",
    "TRAILER",
    "UPSTREAM_FILTER_STATE",
];

/// In order, as the other lists.
#[rustfmt::skip]
const WITH_ARGUMENTS: &[&str] = &[
    "CEL",
    "CLUSTER_METADATA",
    "COALESCE",
    "COMMON_DURATION",
    "DYNAMIC_METADATA",
    "ENVIRONMENT",
    "FILTER_STATE",
    "METADATA",
    "QUERY_PARAM",
    "REQ",
    "REQUEST_HEADER",
    "RESP",
    "RESPONSE_HEADER",
    "RESPONSE_TRAILER",
    "STREAM_INFO_REQ",
    "TRAILER",
    "UPSTREAM_FILTER_STATE",
    "UPSTREAM_METADATA",
];

/// These have a default.
#[rustfmt::skip]
const WITH_OR_WITHOUT: &[&str] = &[
    "DOWNSTREAM_DIRECT_LOCAL_ADDRESS_WITHOUT_PORT",
    "DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT",
    "DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT",
    "DOWNSTREAM_PEER_CERT_V_END",
    "DOWNSTREAM_PEER_CERT_V_START",
    "DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT",
    "EMIT_TIME",
    "EMIT_TIME_LOCAL",
    "GRPC_STATUS",
    "PATH",
    "QUERY_PARAMS",
    "RESPONSE_CODE_DETAILS",
    "START_TIME",
    "START_TIME_LOCAL",
    "UPSTREAM_LOCAL_ADDRESS_WITHOUT_PORT",
    "UPSTREAM_PEER_CERT_V_END",
    "UPSTREAM_PEER_CERT_V_START",
    "UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT",
];

#[rustfmt::skip]
const WITHOUT_ARGUMENTS: &[&str] = &[
    "ACCESS_LOG_TYPE",
    "BYTES_RECEIVED",
    "BYTES_RETRANSMITTED",
    "BYTES_SENT",
    "CONNECTION_ID",
    "CONNECTION_TERMINATION_DETAILS",
    "CUSTOM_FLAGS",
    "DOWNSTREAM_CX_RTT",
    "DOWNSTREAM_DECOMPRESSED_HEADER_BYTES_RECEIVED",
    "DOWNSTREAM_DECOMPRESSED_HEADER_BYTES_SENT",
    "DOWNSTREAM_DETECTED_CLOSE_TYPE",
    "DOWNSTREAM_DIRECT_LOCAL_ADDRESS",
    "DOWNSTREAM_DIRECT_LOCAL_ADDRESS_ENDPOINT_ID",
    "DOWNSTREAM_DIRECT_LOCAL_PORT",
    "DOWNSTREAM_DIRECT_REMOTE_ADDRESS",
    "DOWNSTREAM_DIRECT_REMOTE_PORT",
    "DOWNSTREAM_HANDSHAKE_DURATION",
    "DOWNSTREAM_HEADER_BYTES_RECEIVED",
    "DOWNSTREAM_HEADER_BYTES_SENT",
    "DOWNSTREAM_LOCAL_ADDRESS",
    "DOWNSTREAM_LOCAL_ADDRESS_ENDPOINT_ID",
    "DOWNSTREAM_LOCAL_CLOSE_REASON",
    "DOWNSTREAM_LOCAL_DNS_SAN",
    "DOWNSTREAM_LOCAL_EMAIL_SAN",
    "DOWNSTREAM_LOCAL_IP_SAN",
    "DOWNSTREAM_LOCAL_OTHERNAME_SAN",
    "DOWNSTREAM_LOCAL_PORT",
    "DOWNSTREAM_LOCAL_SUBJECT",
    "DOWNSTREAM_LOCAL_URI_SAN",
    "DOWNSTREAM_PEER_CERT",
    "DOWNSTREAM_PEER_CHAIN_FINGERPRINTS_1",
    "DOWNSTREAM_PEER_CHAIN_FINGERPRINTS_256",
    "DOWNSTREAM_PEER_CHAIN_SERIALS",
    "DOWNSTREAM_PEER_DNS_SAN",
    "DOWNSTREAM_PEER_EMAIL_SAN",
    "DOWNSTREAM_PEER_FINGERPRINT_1",
    "DOWNSTREAM_PEER_FINGERPRINT_256",
    "DOWNSTREAM_PEER_IP_SAN",
    "DOWNSTREAM_PEER_ISSUER",
    "DOWNSTREAM_PEER_ISSUER_FINGERPRINT_256",
    "DOWNSTREAM_PEER_ISSUER_SERIAL",
    "DOWNSTREAM_PEER_OTHERNAME_SAN",
    "DOWNSTREAM_PEER_SERIAL",
    "DOWNSTREAM_PEER_SUBJECT",
    "DOWNSTREAM_PEER_URI_SAN",
    "DOWNSTREAM_REMOTE_ADDRESS",
    "DOWNSTREAM_REMOTE_PORT",
    "DOWNSTREAM_TLS_CIPHER",
    "DOWNSTREAM_TLS_GROUP",
    "DOWNSTREAM_TLS_SESSION_ID",
    "DOWNSTREAM_TLS_VERSION",
    "DOWNSTREAM_TRANSPORT_FAILURE_REASON",
    "DOWNSTREAM_WIRE_BYTES_RECEIVED",
    "DOWNSTREAM_WIRE_BYTES_SENT",
    "DURATION",
    "FILTER_CHAIN_NAME",
    "GRPC_STATUS_NUMBER",
    "HOSTNAME",
    "LOCAL_REPLY_BODY",
    "PROTOCOL",
    "REQUESTED_SERVER_NAME",
    "REQUEST_DURATION",
    "REQUEST_HEADERS_BYTES",
    "REQUEST_TX_DURATION",
    "RESPONSE_CODE",
    "RESPONSE_DURATION",
    "RESPONSE_FLAGS",
    "RESPONSE_FLAGS_LONG",
    "RESPONSE_HEADERS_BYTES",
    "RESPONSE_TRAILERS_BYTES",
    "RESPONSE_TX_DURATION",
    "ROUNDTRIP_DURATION",
    "ROUTE_NAME",
    "ROUTE_RESOLUTION_COUNT",
    "ROUTE_RESOLUTION_TIME_US",
    "SPAN_ID",
    "STREAM_ID",
    "TLS_JA3_FINGERPRINT",
    "TLS_JA4_FINGERPRINT",
    "TRACE_ID",
    "UNIQUE_ID",
    "UPSTREAM_CLUSTER",
    "UPSTREAM_CLUSTER_RAW",
    "UPSTREAM_CONNECTION_ID",
    "UPSTREAM_CONNECTION_IDS_ATTEMPTED",
    "UPSTREAM_CONNECTION_POOL_READY_DURATION",
    "UPSTREAM_DECOMPRESSED_HEADER_BYTES_RECEIVED",
    "UPSTREAM_DECOMPRESSED_HEADER_BYTES_SENT",
    "UPSTREAM_DETECTED_CLOSE_TYPE",
    "UPSTREAM_HEADER_BYTES_RECEIVED",
    "UPSTREAM_HEADER_BYTES_SENT",
    "UPSTREAM_HOST",
    "UPSTREAM_HOSTS_ATTEMPTED",
    "UPSTREAM_HOSTS_ATTEMPTED_WITHOUT_PORT",
    "UPSTREAM_HOST_NAME",
    "UPSTREAM_HOST_NAMES_ATTEMPTED",
    "UPSTREAM_HOST_NAMES_ATTEMPTED_WITHOUT_PORT",
    "UPSTREAM_HOST_NAME_WITHOUT_PORT",
    "UPSTREAM_LOCAL_ADDRESS",
    "UPSTREAM_LOCAL_CLOSE_REASON",
    "UPSTREAM_LOCAL_DNS_SAN",
    "UPSTREAM_LOCAL_IP_SAN",
    "UPSTREAM_LOCAL_PORT",
    "UPSTREAM_LOCAL_URI_SAN",
    "UPSTREAM_PEER_CERT",
    "UPSTREAM_PEER_DNS_SAN",
    "UPSTREAM_PEER_IP_SAN",
    "UPSTREAM_PEER_ISSUER",
    "UPSTREAM_PEER_SUBJECT",
    "UPSTREAM_PEER_URI_SAN",
    "UPSTREAM_PROTOCOL",
    "UPSTREAM_REMOTE_ADDRESS",
    "UPSTREAM_REMOTE_ADDRESS_ENDPOINT_ID",
    "UPSTREAM_REMOTE_PORT",
    "UPSTREAM_REQUEST_ATTEMPT_COUNT",
    "UPSTREAM_SERVER_NAME",
    "UPSTREAM_TLS_CIPHER",
    "UPSTREAM_TLS_GROUP",
    "UPSTREAM_TLS_SESSION_ID",
    "UPSTREAM_TLS_VERSION",
    "UPSTREAM_TRANSPORT_FAILURE_REASON",
    "UPSTREAM_WIRE_BYTES_RECEIVED",
    "UPSTREAM_WIRE_BYTES_SENT",
    "VIRTUAL_CLUSTER_NAME",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_of_envoy() {
        for (text, message) in [
            ("plain 50%%", ""),
            ("%PATH:10% %REQ(x-user)% %START_TIME% %START_TIME(%Y)% %PROTOCOL%", ""),
            ("%UPSTREAM_METADATA([\"a\", \"b\"])%", ""),
            ("%FOO%", "Envoy has no command `%FOO%`"),
            ("%REQ%", "Envoy's command `%REQ(…)%` needs arguments"),
            ("%HOSTNAME:3%", "Envoy's command `%HOSTNAME%` has no length"),
            ("%PROTOCOL(x)%", "Envoy's command `%PROTOCOL%` has no arguments"),
            ("%req(x)%", "Envoy reads no command in `%req(x)%`"),
            ("a %b c% d", "Envoy reads no command in `%b c% d`"),
        ] {
            let found = refused_command(HeaderValue::parse(text).unwrap());
            assert_eq!(found.err().map_or(String::new(), |reason| reason.message().to_owned()), message, "{text}");
        }
        assert!([WITH_LENGTH, WITH_ARGUMENTS, WITH_OR_WITHOUT, WITHOUT_ARGUMENTS].iter().all(|list| list.is_sorted()));
    }
}
