//! A request as it is sent, and what its response says.

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HOST};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};

use crate::proxy::{Body, grpc};
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

/// The status by which a host is judged: that of gRPC, if it is known by now.
pub fn status<B>(response: &http::Response<B>, is_grpc: bool) -> StatusCode {
    let status = response.headers().get(grpc::STATUS).filter(|_| is_grpc).and_then(|status| status.to_str().ok());
    match status {
        Some("0") | None => response.status(),
        Some(status) => grpc::http_status(status),
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
