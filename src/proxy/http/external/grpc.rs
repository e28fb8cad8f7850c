//! A call of gRPC with one message each way.

use bytes::Bytes;
use prost::Message;

use crate::envoy::core::GrpcService;
use crate::proxy::runtime::Runtime;
use crate::proxy::snapshot::Place;
use crate::proxy::{Body, grpc};
use crate::trace::Request;

use super::check::{CheckRequest, CheckResponse};
use super::{TIMEOUT, call};

const PATH: &str = "/envoy.service.auth.v3.Authorization/Check";

/// Before each message: whether it is compressed, and its length.
const PREFIX: usize = 5;

/// `None` if the service fails.
pub async fn check(
    service: &GrpcService,
    message: CheckRequest,
    place: &Place,
    runtime: &Runtime,
) -> Option<CheckResponse> {
    let target = service.envoy_grpc.as_ref()?;
    let timeout = service.timeout.unwrap_or(TIMEOUT);
    let authority = if target.authority.is_empty() { &target.cluster_name } else { &target.authority };
    let mut request = Request::get(authority.as_str(), PATH);
    request.method = "POST".to_owned();
    request.headers.add("content-type", grpc::CONTENT_TYPE);
    request.headers.add("te", "trailers");
    request.headers.add("grpc-timeout", format!("{}m", timeout.as_millis()));
    let body = Body::from(framed(&message));
    let response = call(&target.cluster_name, request, body, timeout, place, runtime).await?;
    let (parts, body) = response.into_parts();
    let status = body.trailers().and_then(|trailers| trailers.get(grpc::STATUS)).or(parts.headers.get(grpc::STATUS));
    if parts.status != 200 || status.is_some_and(|status| status != "0") {
        return None;
    }
    let bytes = body.to_bytes();
    CheckResponse::decode(bytes.get(PREFIX..)?).ok()
}

fn framed(message: &CheckRequest) -> Bytes {
    let body = message.encode_to_vec();
    let mut framed = vec![0];
    framed.extend_from_slice(&(body.len() as u32).to_be_bytes());
    framed.extend_from_slice(&body);
    framed.into()
}
