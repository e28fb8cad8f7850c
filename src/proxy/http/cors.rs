//! What responses say of who may read them (Envoy 1.40 `source/extensions/filters/http/cors/cors_filter.cc`).

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::envoy::http_filter::CorsPolicy;
use crate::trace::{Cors, Request};

const REQUEST_PRIVATE_NETWORK: &str = "access-control-request-private-network";
const ALLOW_PRIVATE_NETWORK: HeaderName = HeaderName::from_static("access-control-allow-private-network");

/// Headers of the response. An answer to a question tells all but that the origin may read the response, if it may not.
pub fn headers(policy: &CorsPolicy, request: &Request, cors: Cors) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let (Cors::Preflight { allowed } | Cors::Request { allowed }) = cors;
    if let Some(origin) = request.headers.all("origin").next().filter(|_| allowed) {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    }
    if policy.allow_credentials == Some(true) {
        headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    }
    let mut add = |name: HeaderName, text: &str| {
        if let Ok(value) = HeaderValue::try_from(text)
            && !text.is_empty()
        {
            headers.insert(name, value);
        }
    };
    if matches!(cors, Cors::Preflight { .. }) {
        add(ACCESS_CONTROL_ALLOW_METHODS, &policy.allow_methods);
        add(ACCESS_CONTROL_ALLOW_HEADERS, &policy.allow_headers);
        add(ACCESS_CONTROL_MAX_AGE, &policy.max_age);
        if policy.allow_private_network_access == Some(true)
            && request.headers.get(REQUEST_PRIVATE_NETWORK) == Some("true")
        {
            add(ALLOW_PRIVATE_NETWORK, "true");
        }
    }
    add(ACCESS_CONTROL_EXPOSE_HEADERS, &policy.expose_headers);
    headers
}
