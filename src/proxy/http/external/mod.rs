//! External authorization: another service is asked whether a request may pass (Envoy 1.40
//! `source/extensions/filters/http/ext_authz`, `source/extensions/filters/common/ext_authz`).

mod check;
mod grpc;
mod http_service;

use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http_body_util::BodyExt;

use crate::envoy::ext_authz::{ExtAuthzService, HttpExtAuthz};
use crate::envoy::listener::Filter;
use crate::envoy::{Any, Json};
use crate::proxy::Body;
use crate::proxy::record::Client;
use crate::proxy::snapshot::Place;
use crate::proxy::upstream::{Outcome, Pick, Terms, UpstreamBody};
use crate::trace::{Request, TextTest, Version, Walk};

use super::reply::Reply;
use super::router::message;
use super::session::Session;

/// The filter.
#[derive(Debug)]
pub struct External {
    config: HttpExtAuthz,
    /// Which headers of the request are told; all if `None`.
    told: Option<Vec<TextTest>>,
    denial: u16,
}

/// What a service that agrees does to the exchange.
pub struct Answered {
    /// For the client.
    pub response: HeaderMap,
    pub clears_route: bool,
}

/// What a service says.
enum Verdict {
    Allowed(Allowed),
    Denied(Reply),
    /// It did not answer.
    Failed,
}

/// What is done to a request that may pass.
#[derive(Default)]
struct Allowed {
    set: Vec<(String, String)>,
    append: Vec<(String, String)>,
    remove: Vec<String>,
    response: HeaderMap,
}

/// Envoy's default for services of gRPC.
const TIMEOUT: Duration = Duration::from_millis(200);

/// More than an answer of such a service needs.
const LONGEST_ANSWER: usize = 1 << 20;

impl External {
    pub fn new(config: &HttpExtAuthz) -> Self {
        let told = config.allowed_headers.as_ref();
        let status =
            config.status_on_error.as_ref().and_then(|status| super::rate_limit::status_code(&status.code.write()));
        Self {
            told: told.map(|own| own.patterns.iter().map(TextTest::new).collect()),
            denial: status.unwrap_or(403),
            config: config.clone(),
        }
    }

    /// The reply if the request may not pass.
    pub async fn ask(
        &self,
        walk: &mut Walk<'_, '_>,
        place: &Place,
        session: &Session,
        body: &mut Body,
    ) -> Result<Answered, Reply> {
        let content = self.buffered(body).await?;
        let Some(request) = &walk.request else { return Err(self.failure()) };
        let verdict = match &self.config.service {
            Some(ExtAuthzService::HttpService(service)) => {
                http_service::ask(service, self.told.as_deref(), request, content, place, session).await
            }
            Some(ExtAuthzService::GrpcService(service)) => {
                let message = check::request(request, &session.client, content, walk.identity, self.told.as_deref());
                match grpc::check(service, message, place, session.shared.runtime.as_ref()).await {
                    Some(response) => check::verdict(response),
                    None => Verdict::Failed,
                }
            }
            None => Verdict::Failed,
        };
        match verdict {
            Verdict::Denied(reply) => Err(reply.flagged("UAEX")),
            Verdict::Failed if !self.config.failure_mode_allow => Err(self.failure()),
            Verdict::Failed => Ok(Answered { response: HeaderMap::new(), clears_route: false }),
            Verdict::Allowed(allowed) => {
                let changes = !allowed.set.is_empty() || !allowed.append.is_empty() || !allowed.remove.is_empty();
                if let Some(request) = &mut walk.request {
                    allowed.remove.iter().for_each(|name| request.headers.remove(name));
                    allowed.set.into_iter().for_each(|(name, value)| request.headers.set(&name, value));
                    allowed.append.into_iter().for_each(|(name, value)| request.headers.add(&name, value));
                }
                Ok(Answered { response: allowed.response, clears_route: self.config.clear_route_cache && changes })
            }
        }
    }

    fn failure(&self) -> Reply {
        Reply::new(self.denial, "", "ext_authz_error").flagged("UAEX")
    }

    /// As much of the body as the service is to see. The upstream gets all of it.
    async fn buffered(&self, body: &mut Body) -> Result<Bytes, Reply> {
        let Some(settings) = &self.config.with_request_body else { return Ok(Bytes::new()) };
        let most = settings.max_request_bytes as usize;
        let mut frames = Vec::new();
        let mut seen = Vec::new();
        while seen.len() < most {
            let Some(frame) = body.frame().await else { break };
            let frame = frame.map_err(|_| self.failure())?;
            if let Some(data) = frame.data_ref() {
                seen.extend_from_slice(data);
            }
            frames.push(frame);
        }
        let is_whole = hyper::body::Body::is_end_stream(body);
        if (seen.len() > most || !is_whole) && !settings.allow_partial_message {
            return Err(Reply::new(413, "Payload Too Large", "request_payload_too_large"));
        }
        seen.truncate(most);
        let rest = std::mem::take(body);
        *body = if frames.is_empty() { rest } else { Body::boxed(super::counted::Ahead::new(frames, rest)) };
        Ok(seen.into())
    }
}

/// Whether the service of a network filter lets a connection pass.
pub async fn allows_connection(
    place: &Place,
    walk: &Walk<'_, '_>,
    client: &Client,
    runtime: &crate::proxy::runtime::Runtime,
) -> bool {
    let listener = place.snapshot.tracer.listener(place.listener).map(|(listener, _)| listener);
    let chain = listener.and_then(|own| own.chains().nth(place.chain));
    let Some(Filter { typed_config: Some(Any::NetworkExtAuthz(config)), .. }) =
        chain.and_then(|chain| chain.filters.get(walk.position()))
    else {
        return true;
    };
    let Some(service) = &config.grpc_service else { return config.failure_mode_allow };
    match grpc::check(service, check::connection(client, walk.identity), place, runtime).await.map(check::verdict) {
        Some(Verdict::Allowed(_)) => true,
        Some(Verdict::Denied(_)) => false,
        Some(Verdict::Failed) | None => config.failure_mode_allow,
    }
}

/// Sends a request to the service, and waits for all of the response.
async fn call(
    cluster: &str,
    request: Request,
    body: Body,
    timeout: Duration,
    place: &Place,
    runtime: &crate::proxy::runtime::Runtime,
) -> Option<http::Response<http_body_util::Collected<Bytes>>> {
    let clusters = &place.snapshot.clusters;
    let cluster = clusters.serving(clusters.get(cluster)?);
    let exchange = async {
        let host = cluster.pick(&Pick::default()).ok()?;
        let response: http::Response<UpstreamBody> =
            cluster.send(&host, message(&request, body), Terms::of(Version::Http1)).await.ok()?;
        cluster.record(&host, Outcome::Response(response.status()));
        let (parts, body) = response.into_parts();
        let collected = http_body_util::Limited::new(body, LONGEST_ANSWER).collect().await.ok()?;
        Some(http::Response::from_parts(parts, collected))
    };
    runtime.time.timeout(timeout, exchange).await.ok().flatten()
}
