//! The router: sends a request to an upstream, again if that fails, and brings back the response (Envoy 1.40
//! `source/common/router/router.cc`).

mod attempt;
mod hash;
mod message;
pub use message::message;
mod mirror;
mod replay;
mod replies;
mod retry;
mod timeouts;
mod tunnel;

use std::borrow::Cow;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::header::SET_COOKIE;
use http::{HeaderMap, StatusCode};
use hyper::upgrade::OnUpgrade;
use tokio::time::Instant;

use crate::envoy::Any;
use crate::envoy::cluster::LbConfig;
use crate::envoy::core::RoutingPriority;
use crate::envoy::http_connection_manager::HttpFilter;
use crate::envoy::route::{ClusterWeight, HostRewrite};
use crate::envoy::stateful_session::StatefulSessionSetting;
use crate::envoy::{Object, core};
use crate::proxy::Body;
use crate::proxy::snapshot::Place;
use crate::proxy::substitution::{Facts, expand};
use crate::proxy::upstream::{Failure, Host, Origin, Outcome, Pick, RetryPermit, Terms, UpstreamBody, UpstreamCluster};
use crate::trace::{Choice, Request, Taken, Version, Walk, rewrite_host};

use super::arrival::is_upgrade;
use super::exchange::{Edit, Exchange, Response};
use super::manager::Own;
use super::reply::Reply;
use super::response::Late;
use super::stateful::Sessions;

use attempt::{Clock, Tried};
use replay::Replay;
use replies::{late, lost, refuse, reply, unfinished};
use retry::{Answer, Retries};
use timeouts::Timeouts;
pub use tunnel::Tunnel;

/// What is the same for all tries of a request.
struct Route<'x> {
    place: &'x Place,
    taken: Taken<'x>,
    chosen: Option<&'x ClusterWeight>,
    cluster: Arc<UpstreamCluster>,
    hash: Option<u64>,
    subset: Option<Cow<'x, Object>>,
    pinned: Option<SocketAddr>,
    sessions: Option<Cow<'x, Sessions>>,
    timeouts: Timeouts,
    began: Instant,
    body: Replay,
    /// Of the try that is under way, if it is not the first.
    permit: Option<RetryPermit>,
}

/// Sends the request on. `upgrade` is the client's connection, if the protocol is to change.
pub async fn forward<'x>(
    exchange: &mut Exchange<'x>,
    walk: &mut Walk<'x, 'x>,
    place: &'x Place,
    taken: &Taken<'x>,
    body: Body,
    upgrade: Option<OnUpgrade>,
) -> Response {
    exchange.manager.stats.routed.increment();
    let (choice, cluster) = match choose(walk, place, taken) {
        Ok(found) => found,
        Err(reply) => {
            exchange.manager.stats.no_cluster.increment();
            return exchange.reply(walk, Some(taken.http), reply);
        }
    };
    exchange.note(|record| {
        record.name_cluster(&cluster.config);
        record.route_name.clone_from(&taken.route.name);
    });
    if let Err(failure) = load(exchange, walk, &cluster).await {
        return exchange.reply(walk, Some(taken.http), reply(&failure, false));
    }
    let mut route = Route::new(exchange, walk, place, taken, (choice, cluster), body);
    let mut retries = Retries::new(taken.retry(), walk.request.as_ref().unwrap_or(&Request::get("", "")));
    exchange.deadline = route.timeouts.stream.map(|limit| (Late::Stream, exchange.runtime().time.after(limit)));
    if let Some(idle) = taken.action.idle_timeout {
        exchange.stream_idle = Some(exchange.runtime().time.on_wall(idle)).filter(|idle| !idle.is_zero());
    }
    rewrite(exchange, walk, &route, &retries);
    if let Some(request) = &walk.request {
        mirror::send(exchange, request, &route);
    }
    let mut tried = Vec::new();
    loop {
        match once(exchange, walk, &mut route, &mut retries, &mut tried).await {
            Ok(Some((response, host))) => {
                route.count(response.status());
                return arrive(exchange, walk, &route, &retries, (response, &host), upgrade);
            }
            Ok(None) => exchange.runtime().time.sleep(retries.pause(&exchange.runtime().dice)).await,
            Err(mut reply) => {
                tell_attempts(&mut reply.headers, &route, &retries);
                StatusCode::from_u16(reply.status).into_iter().for_each(|status| route.count(status));
                return exchange.reply_for(walk, Some(taken.http), reply, route.chosen);
            }
        }
    }
}

fn choose<'x>(
    walk: &Walk<'x, 'x>,
    place: &'x Place,
    taken: &Taken<'x>,
) -> Result<(Choice<'x>, Arc<UpstreamCluster>), Reply> {
    let none = || {
        let answer = taken.without_cluster();
        Reply::new(answer.status, answer.body, "cluster_not_found").flagged("NC")
    };
    let request = walk.request.as_ref().ok_or_else(none)?;
    let choice = taken.pick(request, &place.snapshot.tracer, walk.random.unwrap_or_default()).ok_or_else(none)?;
    let cluster = place.snapshot.clusters.get(choice.cluster).ok_or_else(none)?;
    Ok((choice, Arc::clone(cluster)))
}

/// What the filter `dynamic_forward_proxy` does, which comes right before the router: without it no host is found.
async fn load(exchange: &Exchange<'_>, walk: &Walk<'_, '_>, cluster: &UpstreamCluster) -> Result<(), Failure> {
    let mut filters = exchange.manager.config.http_filters.iter().filter(|filter| !filter.disabled);
    let is_filter = |filter: &HttpFilter| matches!(filter.typed_config, Some(Any::DynamicForwardProxy(_)));
    match &walk.request {
        Some(request) if cluster.is_named() && filters.any(is_filter) => cluster.load(&request.authority).await,
        _ => Ok(()),
    }
}

impl<'x> Route<'x> {
    fn new(
        exchange: &mut Exchange<'x>,
        walk: &Walk<'x, 'x>,
        place: &'x Place,
        taken: &Taken<'x>,
        (choice, cluster): (Choice<'x>, Arc<UpstreamCluster>),
        body: Body,
    ) -> Self {
        let empty = Request::get("", "");
        let request = walk.request.as_ref().unwrap_or(&empty);
        let policies = &taken.action.hash_policy;
        let hash = match policies.is_empty() {
            true => None,
            false => {
                let remote = walk.remote.to_string();
                let (hash, cookies) = hash::hash(policies, request, &remote, &exchange.session.client);
                if cookies.contains_key(SET_COOKIE) {
                    exchange.edits.push(Edit::Append(cookies));
                }
                hash
            }
        };
        let sessions = sessions(exchange, walk);
        let listener = place.snapshot.tracer.listener(place.listener).map(|(listener, _)| listener);
        let limit = listener.and_then(|own| own.per_connection_buffer_limit_bytes).map(|limit| limit as usize);
        Self {
            place,
            taken: *taken,
            chosen: choice.chosen,
            cluster,
            hash,
            subset: subset(taken, choice.chosen),
            pinned: sessions.as_deref().and_then(|sessions| sessions.endpoint(request)),
            sessions,
            timeouts: Timeouts::new(taken, request, exchange.is_grpc, exchange.manager.longest_stream),
            began: Instant::now(),
            body: Replay::new(body, limit.unwrap_or(replay::MOST_KEPT)),
            permit: None,
        }
    }

    fn priority(&self) -> RoutingPriority {
        self.taken.action.priority
    }

    /// Counts what the client gets.
    fn count(&self, status: StatusCode) {
        let stats = self.cluster.stats();
        stats.completed(status);
        stats.upstream_rq_time.record(self.began.elapsed().as_millis() as u64);
    }

    /// What the proxy offers by ALPN in place of what the cluster says: where the connection is meant for the mesh.
    fn offered(&self, cluster: &UpstreamCluster, request: &Request) -> Option<&'x [String]> {
        let offered = self.taken.http.alpn(crate::trace::version(&cluster.config, request.version))?;
        let of_mesh = |socket: &core::TransportSocket| match &socket.typed_config {
            Some(Any::UpstreamTls(tls)) => {
                tls.common_tls_context.as_ref().is_some_and(|own| own.alpn_protocols.iter().any(|one| one == "istio"))
            }
            _ => false,
        };
        let config = &cluster.config;
        let matched = config.transport_socket_matches.iter().filter_map(|own| own.transport_socket.as_ref());
        matched.chain(&config.transport_socket).any(of_mesh).then_some(offered)
    }
}

/// What endpoints must be of: the most specific says it for each key.
fn subset<'x>(taken: &Taken<'x>, chosen: Option<&'x ClusterWeight>) -> Option<Cow<'x, Object>> {
    let of = |metadata: &'x Option<core::Metadata>| metadata.as_ref()?.filter_metadata.get("envoy.lb");
    let route = of(&taken.action.metadata_match);
    match (route, chosen.and_then(|own| of(&own.metadata_match))) {
        (Some(route), Some(own)) => {
            let mut merged = route.clone();
            merged.extend(own.iter().map(|(key, value)| (key.clone(), value.clone())));
            Some(Cow::Owned(merged))
        }
        (one, other) => one.or(other).map(Cow::Borrowed),
    }
}

/// How sessions are kept here: the route may say it otherwise than the filter.
fn sessions<'x>(exchange: &Exchange<'x>, walk: &Walk<'x, 'x>) -> Option<Cow<'x, Sessions>> {
    let own = exchange.manager.filters.iter().find_map(|filter| match filter {
        Own::Sessions(sessions) => Some(sessions),
        _ => None,
    })?;
    match walk.own_config("envoy.filters.http.stateful_session") {
        Some(Any::StatefulSessionPerRoute(route)) => match &route.setting {
            Some(StatefulSessionSetting::Disabled(true)) => None,
            Some(StatefulSessionSetting::StatefulSession(config)) => Sessions::new(config).map(Cow::Owned),
            _ => Some(Cow::Borrowed(own)),
        },
        _ => Some(Cow::Borrowed(own)),
    }
}

/// Makes the request what the upstream sees.
fn rewrite<'x>(exchange: &mut Exchange<'x>, walk: &mut Walk<'x, 'x>, route: &Route<'x>, retries: &Retries) {
    let (Some(request), Some(record)) = (&mut walk.request, exchange.ending.record()) else { return };
    record.attempts = 1;
    let limit = route.timeouts.expected(retries.per_try, Duration::ZERO).filter(|_| !exchange.manager.is_discreet);
    let mut value =
        |text: &str, request: &Request| expand(text, &Facts { record, request: Some(request), response: None });
    route.taken.rewrite(request, route.chosen, limit, &mut value);
}

/// One try. Nothing if there is to be another one; else the response or what is said in its place.
async fn once<'x>(
    exchange: &mut Exchange<'x>,
    walk: &mut Walk<'x, 'x>,
    route: &mut Route<'x>,
    retries: &mut Retries,
    tried: &mut Vec<SocketAddr>,
) -> Result<Option<(http::Response<UpstreamBody>, Arc<Host>)>, Reply> {
    let runtime = exchange.runtime();
    let Some(request) = &mut walk.request else { return Err(Reply::new(500, "", "no_request")) };
    if retries.count() > 0 {
        again(request, route, retries, runtime.time.since(route.began));
        exchange.note(|record| record.attempts = retries.count() + 1);
    }
    let cluster = Arc::clone(route.place.snapshot.clusters.serving(&route.cluster));
    let host = pick(exchange, request, (route, &cluster), retries, tried);
    let host = host.map_err(|failure| refuse(&failure, retries))?;
    retries.priorities.take(host.priority);
    exchange.note(|record| record.upstream = host.socket());
    tried.extend(host.socket().filter(|_| retries.avoids_hosts));
    if route.taken.action.host_rewrite == Some(HostRewrite::AutoHostRewrite(true)) && !host.hostname.is_empty() {
        rewrite_host(request, route.taken.action, host.hostname.clone());
    }
    let mut message = message::message(request, route.body.read());
    message.extensions_mut().clone_from(&exchange.extensions);
    if host.tells_origin() {
        let client = &exchange.session.client;
        message.extensions_mut().insert(Origin { source: client.peer, destination: client.local });
    }
    let clock = Clock {
        runtime,
        began: route.began,
        whole: route.timeouts.whole,
        per_try: retries.per_try,
        idle: route.taken.action.idle_timeout.or(exchange.manager.config.stream_idle_timeout),
        request: exchange.manager.request_timeout.map(|limit| route.began + runtime.time.on_wall(limit)),
        stream: exchange.deadline.map(|(_, until)| until),
    };
    let version = if is_upgrade(request) { Version::Http1 } else { request.version };
    let terms = Terms { version, offered: route.offered(&cluster, request), priority: route.priority() };
    let sent = cluster.send(&host, message, terms);
    let answer = match clock.run(sent, &route.body).await {
        Tried::Answered(Ok(response)) => {
            let status = message::status(&response, exchange.is_grpc);
            cluster.record(&host, Outcome::Response(status));
            let answer = match response.status().is_informational() {
                true => Answer::No,
                false => retries.on_response(response.status(), response.headers()),
            };
            if !goes_on(exchange, route, answer) {
                return Ok(Some((response, host)));
            }
            return Ok(None);
        }
        Tried::Answered(Err(_)) if route.body.lost().is_some() => return Err(lost(exchange, route.body.lost())),
        Tried::Answered(Err(failure)) => {
            failure.outcome().into_iter().for_each(|outcome| cluster.record(&host, outcome));
            let answer =
                retries.on_failure(&failure, !matches!(failure, Failure::Connect(_) | Failure::ConnectTimeout));
            (answer, refuse(&failure, retries), failure.cause().map(str::to_owned))
        }
        Tried::TryTimedOut => {
            route.cluster.stats().upstream_rq_per_try_timeout.increment();
            cluster.record(&host, Outcome::TimedOut);
            (retries.on_timeout(), late("upstream_per_try_timeout"), None)
        }
        Tried::TimedOut => {
            route.cluster.stats().upstream_rq_timeout.increment();
            cluster.record(&host, Outcome::TimedOut);
            (Answer::No, late("response_timeout"), None)
        }
        Tried::Idle { request_ended } => {
            exchange.manager.stats.idle_timeouts.increment();
            let reply = unfinished(request_ended, "stream timeout", "stream_idle_timeout").flagged("SI");
            (Answer::No, reply, None)
        }
        Tried::RequestTimedOut => {
            (Answer::No, Reply::new(408, "request timeout", "request_overall_timeout").closing(), None)
        }
        Tried::StreamTooLong { request_ended } => {
            let reply = unfinished(request_ended, "downstream duration timeout", "max_duration_timeout");
            (Answer::No, reply, None)
        }
    };
    let (answer, reply, cause) = answer;
    exchange.note(|record| record.upstream_failure = cause);
    if goes_on(exchange, route, answer) { Ok(None) } else { Err(reply) }
}

/// What differs in a later try.
fn again(request: &mut Request, route: &Route<'_>, retries: &Retries, passed: Duration) {
    route.cluster.stats().upstream_rq_retry.increment();
    if route.taken.host.include_request_attempt_count {
        request.headers.set("x-envoy-attempt-count", (retries.count() + 1).to_string());
    }
    if let Some(limit) = route.timeouts.expected(retries.per_try, passed)
        && request.headers.has("x-envoy-expected-rq-timeout-ms")
    {
        request.headers.set("x-envoy-expected-rq-timeout-ms", limit.as_millis().to_string());
    }
}

fn pick(
    exchange: &Exchange<'_>,
    request: &Request,
    (route, cluster): (&Route<'_>, &UpstreamCluster),
    retries: &mut Retries,
    tried: &[SocketAddr],
) -> Result<Arc<Host>, Failure> {
    let named = || original(request, cluster);
    let pick = Pick {
        hash: route.hash,
        subset: route.subset.as_deref(),
        avoid: tried,
        pinned: route.pinned.filter(|_| retries.count() == 0),
        original: named().or(exchange.session.client.original).unwrap_or(Pick::default().original),
        attempts: retries.host_attempts,
        name: Some(&request.authority),
        left_out: retries.priorities.left_out(|left_out| cluster.has_another_priority(left_out)),
    };
    cluster.pick(&pick)
}

/// Where nothing restores the original destination, the request may name it, if the cluster says so.
fn original(request: &Request, cluster: &UpstreamCluster) -> Option<SocketAddr> {
    let Some(LbConfig::OriginalDstLbConfig(config)) = &cluster.config.lb_config else { return None };
    let name = match config.http_header_name.as_str() {
        _ if !config.use_http_header => return None,
        "" => "x-envoy-original-dst-host",
        name => name,
    };
    request.headers.all(name).next()?.to_str().ok()?.parse().ok()
}

/// Whether there is another try, and what logs say if there would be.
fn goes_on(exchange: &mut Exchange<'_>, route: &mut Route<'_>, answer: Answer) -> bool {
    route.permit = None;
    match answer {
        Answer::No => false,
        Answer::Exhausted => {
            route.cluster.stats().upstream_rq_retry_limit_exceeded.increment();
            exchange.note(|record| record.flags.raise("URX"));
            false
        }
        Answer::Yes if !route.body.can_repeat() => false,
        Answer::Yes => {
            route.permit = route.cluster.retry_permit(route.priority());
            if route.permit.is_none() {
                exchange.note(|record| record.flags.raise("UO"));
            }
            route.permit.is_some()
        }
    }
}

fn tell_attempts(headers: &mut HeaderMap, route: &Route<'_>, retries: &Retries) {
    if route.taken.host.include_attempt_count_in_response {
        headers.insert("x-envoy-attempt-count", (retries.count() + 1).into());
    }
}

/// The response of an upstream, as the client gets it.
fn arrive<'x>(
    exchange: &mut Exchange<'x>,
    walk: &mut Walk<'x, 'x>,
    route: &Route<'x>,
    retries: &Retries,
    (mut response, host): (http::Response<UpstreamBody>, &Arc<Host>),
    upgrade: Option<OnUpgrade>,
) -> Response {
    let time = exchange.runtime().time;
    if retries.count() > 0 && !response.status().is_server_error() {
        route.cluster.stats().upstream_rq_retry_success.increment();
    }
    let status = response.status().as_u16();
    exchange.note(|record| {
        record.status = status;
        record.details = Some("via_upstream".into());
        record.response_begun = Some(time.since(record.started));
    });
    let upstream = hyper::upgrade::on(&mut response);
    let (mut parts, body) = response.into_parts();
    let is_upgrade = parts.status == http::StatusCode::SWITCHING_PROTOCOLS;
    if !exchange.manager.is_discreet && route.body.has_ended() && !is_upgrade {
        let took = time.since(route.began).as_millis() as u64;
        parts.headers.insert("x-envoy-upstream-service-time", took.into());
    }
    if let (Some(sessions), Some(endpoint)) = (route.sessions.as_deref(), host.socket()) {
        sessions.tell(&mut parts.headers, endpoint, route.pinned);
    }
    exchange.change_response(walk, &mut parts.headers, route.chosen);
    tell_attempts(&mut parts.headers, route, retries);
    if let Some(whole) = route.timeouts.whole {
        let until = route.began + time.on_wall(whole);
        let whole = (Late::Response, until);
        exchange.deadline = Some(exchange.deadline.filter(|(_, stream)| *stream < until).unwrap_or(whole));
    }
    let (body, tunnel) = match upgrade.filter(|_| is_upgrade) {
        Some(downstream) => (Body::Empty, Some(Tunnel::new(downstream, upstream, body))),
        None => (Body::boxed(body), None),
    };
    Response { head: http::Response::from_parts(parts, body), is_upgrade, closes: false, tunnel }
}
