//! How a request names its target in each version of HTTP.

use http::header::{CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderValue, Method, Request, Uri, Version};
use hyper::body::Body;

/// HTTP/1.1 has the authority in `host`, HTTP/2 in the target.
pub(super) fn in_form_of<B: Body>(request: &mut Request<B>, http2: bool, secure: bool) {
    if http2 { for_http2(request, secure) } else { for_http1(request) }
}

fn for_http1<B: Body>(request: &mut Request<B>) {
    *request.version_mut() = Version::HTTP_11;
    if request.method() == Method::CONNECT {
        return;
    }
    // hyper sends none otherwise with a method that it is unusual for.
    if !request.body().is_end_stream() && !request.headers().contains_key(CONTENT_LENGTH) {
        request.headers_mut().insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
    }
    let Some(authority) = request.uri().authority() else { return };
    if !request.headers().contains_key(HOST)
        && let Ok(host) = HeaderValue::from_str(authority.as_str())
    {
        request.headers_mut().insert(HOST, host);
    }
    let path = request.uri().path_and_query().cloned();
    *request.uri_mut() = path.unwrap_or_else(|| PathAndQuery::from_static("/")).into();
}

fn for_http2<B>(request: &mut Request<B>, secure: bool) {
    *request.version_mut() = Version::HTTP_2;
    let host = request.headers_mut().remove(HOST);
    request.headers_mut().remove(TRANSFER_ENCODING);
    let mut parts = std::mem::take(request.uri_mut()).into_parts();
    if parts.authority.is_none() {
        parts.authority = host.and_then(|host| Authority::try_from(host.as_bytes()).ok());
    }
    if request.method() != Method::CONNECT || request.extensions().get::<hyper::ext::Protocol>().is_some() {
        parts.scheme = Some(if secure { Scheme::HTTPS } else { Scheme::HTTP });
        parts.path_and_query.get_or_insert_with(|| PathAndQuery::from_static("/"));
    }
    if parts.authority.is_none() {
        // A target with a scheme needs an authority; there is none to be had.
        parts.scheme = None;
    }
    *request.uri_mut() = Uri::from_parts(parts).unwrap_or_default();
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::in_form_of;
    use crate::proxy::Body;

    #[test]
    fn each_version_has_the_authority_in_its_place() {
        let mut request = Request::get("/a?b=c").header("host", "web:80").body(Body::Empty).unwrap();
        in_form_of(&mut request, true, true);
        assert_eq!(request.uri(), "https://web:80/a?b=c");
        assert!(!request.headers().contains_key("host"));
        in_form_of(&mut request, false, true);
        assert_eq!(request.uri(), "/a?b=c");
        assert_eq!(request.headers()["host"], "web:80");
    }
}
