//! What gRPC says in headers: types, and the statuses beside those of HTTP.

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

/// The type of messages.
pub const CONTENT_TYPE: &str = "application/grpc";

pub const STATUS: HeaderName = HeaderName::from_static("grpc-status");

/// The names of the statuses, by number (`doc/statuscodes.md` of grpc/grpc).
pub const NAMES: [&str; 17] = [
    "OK",
    "Canceled",
    "Unknown",
    "InvalidArgument",
    "DeadlineExceeded",
    "NotFound",
    "AlreadyExists",
    "PermissionDenied",
    "ResourceExhausted",
    "FailedPrecondition",
    "Aborted",
    "OutOfRange",
    "Unimplemented",
    "Internal",
    "Unavailable",
    "DataLoss",
    "Unauthenticated",
];

/// Whether a message is of gRPC, by its `content-type`.
pub fn is_grpc(content_type: Option<&str>) -> bool {
    let rest = content_type.and_then(|own| own.strip_prefix(CONTENT_TYPE));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['+', ';']))
}

/// The head of a response that has no messages, but a status.
pub fn headers(status: u32) -> HeaderMap {
    HeaderMap::from_iter([
        (http::header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE)),
        (STATUS, HeaderValue::from(status)),
    ])
}

/// As gRPC maps the statuses of HTTP (`doc/http-grpc-status-mapping.md` of grpc/grpc, Envoy 1.40
/// `source/common/grpc/status.cc`).
pub fn status_of_http(status: u16) -> u32 {
    match status {
        400 => 13,
        401 => 16,
        403 => 7,
        404 => 12,
        429 | 502..=504 => 14,
        _ => 2,
    }
}

/// As Envoy maps a status to one of HTTP, that of `OK` too (Envoy 1.40 `Grpc::Utility::grpcToHttpStatus`).
pub fn http_status(status: &str) -> StatusCode {
    match status {
        "0" => StatusCode::OK,
        "1" => StatusCode::from_u16(499).unwrap_or(StatusCode::BAD_REQUEST),
        "3" | "9" | "11" => StatusCode::BAD_REQUEST,
        "4" => StatusCode::GATEWAY_TIMEOUT,
        "5" => StatusCode::NOT_FOUND,
        "6" | "10" => StatusCode::CONFLICT,
        "7" => StatusCode::FORBIDDEN,
        "8" => StatusCode::TOO_MANY_REQUESTS,
        "12" => StatusCode::NOT_IMPLEMENTED,
        "14" => StatusCode::SERVICE_UNAVAILABLE,
        "16" => StatusCode::UNAUTHORIZED,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

#[cfg(test)]
mod tests {
    use super::{http_status, is_grpc, status_of_http};

    #[test]
    fn grpc_is_told_by_the_type_of_the_content() {
        let table = [("application/grpc", true), ("application/grpc+proto", true), ("application/grpc-web", false)];
        for (content_type, expected) in table {
            assert_eq!(is_grpc(Some(content_type)), expected, "{content_type}");
        }
    }

    #[test]
    fn statuses_of_both_kinds_are_mapped() {
        let table = [(400, 13, 500), (401, 16, 401), (403, 7, 403), (404, 12, 501), (429, 14, 503), (500, 2, 500)];
        for (status, expected, back) in table {
            let own = status_of_http(status);
            assert_eq!((own, http_status(&own.to_string()).as_u16()), (expected, back), "{status}");
        }
    }
}
