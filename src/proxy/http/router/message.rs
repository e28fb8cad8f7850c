//! A request as it is sent, and what its response says.

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HOST};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};

use crate::proxy::Body;
use crate::trace::Request;

/// What was decided, as a message. The cluster gives it the form of the version that it speaks.
pub fn message(request: &Request, body: Body) -> http::Request<Body> {
    let mut message = http::Request::new(body);
    *message.method_mut() = Method::from_bytes(request.method.as_bytes()).unwrap_or_default();
    let target = if request.method == "CONNECT" { &request.authority } else { &request.path };
    *message.uri_mut() = Uri::from_maybe_shared(Bytes::copy_from_slice(target.as_bytes())).unwrap_or_default();
    let mut headers = HeaderMap::from(request.headers.clone());
    if let Ok(host) = HeaderValue::from_str(&request.authority) {
        headers.insert(HOST, host);
    }
    // Envoy says so of every empty request whose method is made for a body.
    let is_empty = hyper::body::Body::is_end_stream(message.body());
    let sends_body = matches!(request.method.as_str(), "POST" | "PUT" | "PATCH" | "OPTIONS");
    if is_empty && sends_body && !headers.contains_key(CONTENT_LENGTH) {
        headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
    *message.headers_mut() = headers;
    message
}

/// The status by which a host is judged: that of gRPC, if it is known by now (Envoy 1.40
/// `Grpc::Utility::grpcToHttpStatus`).
pub fn status<B>(response: &http::Response<B>, is_grpc: bool) -> StatusCode {
    let code = response.headers().get("grpc-status").filter(|_| is_grpc).and_then(|code| code.to_str().ok());
    match code {
        Some("0") | None => response.status(),
        Some("1") => StatusCode::from_u16(499).unwrap_or(StatusCode::BAD_REQUEST),
        Some("3" | "9" | "11") => StatusCode::BAD_REQUEST,
        Some("4") => StatusCode::GATEWAY_TIMEOUT,
        Some("5") => StatusCode::NOT_FOUND,
        Some("6" | "10") => StatusCode::CONFLICT,
        Some("7") => StatusCode::FORBIDDEN,
        Some("8") => StatusCode::TOO_MANY_REQUESTS,
        Some("12") => StatusCode::NOT_IMPLEMENTED,
        Some("14") => StatusCode::SERVICE_UNAVAILABLE,
        Some("16") => StatusCode::UNAUTHORIZED,
        Some(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

#[cfg(test)]
mod tests {
    use super::message;
    use crate::proxy::Body;
    use crate::trace::Request;

    #[test]
    fn the_target_is_the_path() {
        let mut request = Request::get("a.test:80", "/p?q=1");
        request.headers.add("x-a", "1");
        let message = message(&request, Body::Empty);
        assert_eq!(message.uri(), "/p?q=1");
        assert_eq!(message.headers()["host"], "a.test:80");
        assert_eq!(message.headers()["x-a"], "1");
    }
}
