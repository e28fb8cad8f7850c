//! What proxies tell each other for tracing: the name of the operation that a request is, in a header (Envoy 1.40
//! `source/common/http/conn_manager_impl.cc`, `traceRequest` and `encodeHeaders`). It is told whether or not anything is
//! traced.

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::envoy::core::TrafficDirection;
use crate::proxy::snapshot::Place;
use crate::trace::{Http, Walk};

use super::exchange::Edit;

const NAME: HeaderName = HeaderName::from_static("x-envoy-decorator-operation");

/// On the way out the server is told what the route calls the operation; on the way in the client is, unless it has told.
/// Gives what becomes of the response.
pub fn tell<'x>(walk: &mut Walk<'x, 'x>, http: &'x Http, place: &Place) -> Option<Edit<'x>> {
    walk.find_route(http);
    let route = walk.routing.as_ref().and_then(|routing| routing.route).map(|(_, route)| route);
    let operation = route.and_then(|route| HeaderValue::from_str(&route.decorator.as_ref()?.operation).ok());
    let operation = operation.filter(|operation| !operation.is_empty());
    if http.checks_tokens() {
        // Claims of a token may lead to another route.
        walk.routing = None;
    }
    let headers = &mut walk.request.as_mut()?.headers;
    let listener = place.snapshot.tracer.listener(place.listener).map(|(listener, _)| listener);
    if listener.is_some_and(|listener| listener.traffic_direction == TrafficDirection::Outbound) {
        if let Some(operation) = operation {
            headers.put(NAME, operation);
        }
        return Some(Edit::Remove(NAME));
    }
    let is_named = headers.has(NAME.as_str());
    headers.retain(|name, _| *name != NAME);
    let operation = operation.filter(|_| !is_named)?;
    Some(Edit::Set(HeaderMap::from_iter([(NAME, operation)])))
}
