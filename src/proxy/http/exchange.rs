//! One request, from its head to the head of its response.

use std::sync::Arc;
use std::time::Duration;

use http::header::{CONNECTION, CONTENT_LENGTH, DATE, HeaderMap, SERVER, TRANSFER_ENCODING, UPGRADE};
use http::{HeaderName, HeaderValue, StatusCode};
use hyper::body::Incoming;
use hyper::ext::ReasonPhrase;
use hyper::upgrade::OnUpgrade;

use crate::envoy::http_connection_manager::ServerHeaderTransformation;
use crate::envoy::route::{Action, ClusterSpecifier, ClusterWeight};
use crate::proxy::clock::date_header;
use crate::proxy::record::Record;
use crate::proxy::runtime::Runtime;
use crate::proxy::snapshot::Place;
use crate::proxy::substitution::{Facts, expand};
use crate::proxy::{Body, grpc};
use crate::trace::mutation::{self, Mutation};
use crate::trace::{Cors, Http, Request, Step, Stop, TokenVerdict, Version, Walk, change};

use super::counted::Counted;
use super::external::Answered;
use super::manager::{Manager, Own};
use super::reply::Reply;
use super::response::{Deadline, Ending, Outgoing};
use super::router::Tunnel;
use super::session::{Handled, Session};
use super::{answer, arrival, cors, fault, operation, rate_limit, router};

/// A request that is being served.
pub struct Exchange<'x> {
    pub session: &'x Arc<Session>,
    pub manager: &'x Arc<Manager>,
    pub ending: Ending,
    /// What filters do to the response.
    pub edits: Vec<Edit<'x>>,
    pub is_head: bool,
    pub is_grpc: bool,
    /// When the whole response must have come.
    pub deadline: Option<Deadline>,
    pub stream_idle: Option<Duration>,
    /// How the client writes the names of its headers, if upstreams are to see that.
    pub extensions: http::Extensions,
    /// The response says already whether the origin may read it.
    told_origin: bool,
}

/// What a filter does to the headers of a response.
pub enum Edit<'x> {
    Set(HeaderMap),
    Append(HeaderMap),
    Remove(HeaderName),
    Mutate(&'x Mutation),
}

/// A response whose body has not been given its end.
pub struct Response {
    pub head: http::Response<Body>,
    /// The protocol changes: headers of the connection stay.
    pub is_upgrade: bool,
    pub closes: bool,
    pub tunnel: Option<Tunnel>,
}

/// What of a response is about the connection to the upstream.
const HOP_BY_HOP: [HeaderName; 3] =
    [HeaderName::from_static("keep-alive"), HeaderName::from_static("proxy-connection"), TRANSFER_ENCODING];

/// Serves a request on a connection.
pub async fn handle(session: Arc<Session>, request: http::Request<Incoming>) -> Handled {
    let place = session.place();
    let (Some(manager), Some(chain)) = (place.plan().manager.as_ref(), place.chain()) else {
        unreachable!("only chains with a connection manager speak HTTP");
    };
    let version = if request.version() == http::Version::HTTP_2 { "HTTP/2" } else { "HTTP/1.1" };
    manager.stats.requests_total.increment();
    match version {
        "HTTP/2" => manager.stats.http2_total.increment(),
        _ => manager.stats.http1_total.increment(),
    }
    let record = Box::new(Record::new(Arc::clone(&session.client), Some(version)));
    let mut exchange = Exchange {
        ending: Ending::new(&session, manager, record),
        session: &session,
        manager,
        edits: Vec::new(),
        is_head: request.method() == http::Method::HEAD,
        is_grpc: false,
        deadline: None,
        told_origin: false,
        extensions: http::Extensions::new(),
        stream_idle: manager.stream_idle.map(|idle| session.shared.runtime.time.on_wall(idle)),
    };
    let mut walk = Walk::new(&session.connection, &session.inspected, chain);
    let response = exchange.serve(&place, &mut walk, chain.http(), request).await;
    Ok(exchange.finish(response, &mut walk))
}

impl<'x> Exchange<'x> {
    pub fn runtime(&self) -> &'x Arc<Runtime> {
        &self.session.shared.runtime
    }

    /// Tells logs something; after the end nobody is told.
    pub fn note(&mut self, tell: impl FnOnce(&mut Record)) {
        if let Some(record) = self.ending.record() {
            tell(record);
        }
    }

    async fn serve(
        &mut self,
        place: &'x Place,
        walk: &mut Walk<'x, 'x>,
        http: Option<&'x Http>,
        request: http::Request<Incoming>,
    ) -> Response {
        let (mut parts, incoming) = request.into_parts();
        let upgrade = parts.extensions.remove::<OnUpgrade>();
        let protocol = parts.extensions.remove::<hyper::ext::Protocol>();
        self.extensions = std::mem::take(&mut parts.extensions);
        if let Some(protocol) = &protocol {
            arrival::as_upgrade(&mut parts, protocol);
        }
        let Some(http) = http else { return self.reply(walk, None, Reply::new(404, "", "route_not_found")) };
        let request = match arrival::request(&mut parts, self.manager) {
            Ok(request) => request,
            Err(reply) => return self.reply(walk, None, reply),
        };
        self.is_grpc = grpc::is_grpc(request.headers.get("content-type"));
        let refused = walk.arrive(http, request);
        let peer = self.session.client.peer;
        let remote = if walk.remote == peer.ip() { peer } else { (walk.remote, 0).into() };
        self.note(|record| record.remote = remote);
        if let Some(answer) = refused {
            let reply = answer::reply(answer, walk, &self.manager.stats);
            return self.reply(walk, None, Reply { is_plain: true, ..reply });
        }
        walk.random = Some(self.runtime().dice.number());
        if let Some(request) = &mut walk.request {
            arrival::clean(request, http, self.manager, self.session, remote, &self.runtime().dice);
            if let Some(reply) = self.refuse_upgrade(request) {
                return self.reply(walk, Some(http), reply);
            }
            self.remember(request);
        }
        if self.manager.config.tracing.is_some() {
            self.edits.extend(operation::tell(walk, http, place));
        }
        let mut body = self.received(incoming.into());
        match self.filters(place, walk, http, &mut body).await {
            Ok(taken) => {
                let upgrade = upgrade.filter(|_| walk.request.as_ref().is_some_and(arrival::is_upgrade));
                router::forward(self, walk, place, &taken, body, upgrade).await
            }
            Err(mut reply) => {
                // What a client that wanted a tunnel says next is no request.
                reply.closes |= walk.request.as_ref().is_some_and(|request| request.method == "CONNECT");
                // Nor is the rest of a request waited for.
                reply.closes |= !matches!(body, Body::Empty);
                self.reply(walk, Some(http), reply)
            }
        }
    }

    /// For logs, in case that the client goes before there is a response.
    fn remember(&mut self, request: &Request) {
        if !self.manager.logs.is_empty() {
            self.note(|record| record.request = Some(request.clone()));
        }
    }

    /// The body, counted on its way.
    fn received(&mut self, body: Body) -> Body {
        let Some(record) = self.ending.record() else { return body };
        if matches!(body, Body::Empty) {
            return body;
        }
        Body::boxed(Counted::new(body, Arc::clone(&record.received)))
    }

    fn refuse_upgrade(&self, request: &Request) -> Option<Reply> {
        // CONNECT has no path, so that only a route that is made for it takes it.
        let asked = request.header(UPGRADE.as_str()).filter(|_| arrival::is_upgrade(request));
        let refused = asked.is_some_and(|protocol| !self.manager.upgrades_to(&protocol));
        refused.then(|| Reply::new(403, "", "upgrade_failed").closing())
    }

    /// Runs the filters up to the router.
    async fn filters(
        &mut self,
        place: &'x Place,
        walk: &mut Walk<'x, 'x>,
        http: &'x Http,
        body: &mut Body,
    ) -> Result<crate::trace::Taken<'x>, Reply> {
        let mut told = 0;
        loop {
            let stop = walk.serve(http);
            self.count(&walk.steps[told..]);
            told = walk.steps.len();
            self.allow_origin(walk);
            let runtime = self.runtime();
            match stop {
                Stop::Route(taken) => return Ok(taken),
                Stop::Answer(answer) => return Err(answer::reply(answer, walk, &self.manager.stats)),
                Stop::Closed(_) | Stop::Http(_) | Stop::Tcp(_) => {
                    return Err(Reply::new(404, "", "filter_chain_not_found"));
                }
                Stop::Fault(_, fault) => {
                    let Some(record) = self.ending.record() else { continue };
                    if let Some(reply) = fault::inject(fault, runtime, &self.manager.stats, record).await {
                        return Err(reply);
                    }
                }
                Stop::Ask(_) | Stop::Unknown(..) => self.own_filter(place, walk, http, body).await?,
            }
        }
    }

    /// The filter at which the walk stopped, if it is one of those that are executed here.
    async fn own_filter(
        &mut self,
        place: &'x Place,
        walk: &mut Walk<'x, 'x>,
        http: &'x Http,
        body: &mut Body,
    ) -> Result<(), Reply> {
        match self.manager.filters.get(walk.position()) {
            None | Some(Own::None) => {}
            Some(Own::External(external)) => {
                let answered = external.ask(walk, place, self.session, body).await;
                let Answered { response, clears_route } = answered?;
                if clears_route {
                    walk.routing = None;
                }
                self.edits.push(Edit::Set(response));
            }
            Some(Own::RateLimit(limit)) => {
                walk.find_route(http);
                if let Some(reply) = limit.check(walk.own_config(rate_limit::NAME)) {
                    return Err(reply);
                }
            }
            Some(Own::Mutation(own)) => {
                self.mutate(walk, own);
                self.edits.push(Edit::Mutate(own));
            }
            Some(Own::Sessions(_)) => {}
        }
        Ok(())
    }

    fn mutate(&mut self, walk: &mut Walk<'x, 'x>, own: &Mutation) {
        let (Some(request), Some(record)) = (&mut walk.request, self.ending.record()) else { return };
        mutation::apply(&own.request, request, &mut |text, request| {
            expand(text, &Facts { record, request: Some(request), response: None })
        });
    }

    fn count(&self, steps: &[Step<'_>]) {
        let stats = &self.manager.stats;
        for step in steps {
            match step {
                Step::Policies(policies) => {
                    if let Some(enforced) = policies.enforced {
                        if enforced.verdict.allowed { &stats.rbac_allowed } else { &stats.rbac_denied }.increment();
                    }
                    if let Some(shadow) = policies.shadow {
                        if shadow.verdict.allowed { &stats.shadow_allowed } else { &stats.shadow_denied }.increment();
                    }
                }
                Step::Tokens(TokenVerdict::Rejected { .. }) => stats.jwt_denied.increment(),
                Step::Tokens(_) => stats.jwt_allowed.increment(),
                Step::Cors(Cors::Preflight { allowed } | Cors::Request { allowed }) => {
                    if *allowed { &stats.origins_valid } else { &stats.origins_invalid }.increment();
                }
                Step::External(_) | Step::Fault(_) | Step::Other(..) => {}
            }
        }
    }

    /// What the response says of the origin, once the filter for that has been passed.
    fn allow_origin(&mut self, walk: &Walk<'x, 'x>) {
        let Some(Step::Cors(cors)) = walk.steps.iter().rev().find(|step| matches!(step, Step::Cors(_))) else { return };
        let Some(policy) = walk.cors.filter(|_| !std::mem::replace(&mut self.told_origin, true)) else { return };
        if let Some(request) = walk.request.as_ref().filter(|_| *cors != Cors::Request { allowed: false }) {
            self.edits.push(Edit::Set(cors::headers(policy, request, *cors)));
        }
    }

    /// A response that is made here. The route, if there is one, changes its headers.
    pub fn reply(&mut self, walk: &mut Walk<'x, 'x>, http: Option<&'x Http>, reply: Reply) -> Response {
        self.reply_for(walk, http, reply, None)
    }

    pub fn reply_for(
        &mut self,
        walk: &mut Walk<'x, 'x>,
        http: Option<&'x Http>,
        reply: Reply,
        chosen: Option<&ClusterWeight>,
    ) -> Response {
        let (status, mut headers, body) = reply.message(self.is_grpc);
        self.note(|record| {
            record.status = status.as_u16();
            record.details = Some(reply.details.clone());
            reply.flag.iter().for_each(|flag| record.flags.raise(flag));
            record.local_body.clone_from(&reply.body);
        });
        if let Some(http) = http {
            walk.find_route(http);
            self.name_route(walk);
            if !reply.is_plain {
                self.change_response(walk, &mut headers, chosen);
            }
        }
        let body = if self.is_head { Body::Empty } else { body.into() };
        let mut head = http::Response::new(body);
        *head.status_mut() = status;
        *head.headers_mut() = headers;
        Response { head, is_upgrade: false, closes: reply.closes, tunnel: None }
    }

    /// Logs name route and cluster whoever answers.
    fn name_route(&mut self, walk: &Walk<'x, 'x>) {
        let Some((_, route)) = walk.routing.as_ref().and_then(|routing| routing.route) else { return };
        let cluster = match &route.action {
            Some(Action::Route(action)) => match &action.cluster_specifier {
                Some(ClusterSpecifier::Cluster(name)) => self.session.place().snapshot.clusters.get(name).cloned(),
                _ => None,
            },
            _ => None,
        };
        self.note(|record| {
            record.route_name.clone_from(&route.name);
            if record.cluster.is_none()
                && let Some(cluster) = cluster
            {
                record.name_cluster(&cluster.config);
            }
        });
    }

    /// What the route and those around it do to the headers of a response.
    pub fn change_response(&mut self, walk: &Walk<'x, 'x>, headers: &mut HeaderMap, chosen: Option<&ClusterWeight>) {
        let routing = walk.routing.as_ref().filter(|routing| routing.route.is_some());
        let (Some(routing), Some(record)) = (routing, self.ending.record()) else { return };
        for changes in routing.response_changes(chosen) {
            change(headers, changes, &mut |text, headers| {
                expand(text, &Facts { record, request: walk.request.as_ref(), response: Some(headers) })
            });
        }
    }

    /// What all responses have in common, and the end of the exchange.
    fn finish(mut self, response: Response, walk: &mut Walk<'x, 'x>) -> http::Response<Outgoing> {
        let Response { head, is_upgrade, closes, tunnel } = response;
        let (mut parts, body) = head.into_parts();
        let headers = &mut parts.headers;
        self.edit(walk, headers);
        HOP_BY_HOP.iter().for_each(|name| {
            headers.remove(name);
        });
        let is_http1 = walk.request.as_ref().is_none_or(|request| request.version == Version::Http1);
        if !is_upgrade || !is_http1 {
            headers.remove(CONNECTION);
            headers.remove(UPGRADE);
        }
        if !headers.contains_key(DATE) {
            headers.insert(DATE, date_header());
        }
        let server = self.manager.server.clone();
        match self.manager.server_rule {
            ServerHeaderTransformation::Overwrite => drop(headers.insert(SERVER, server)),
            ServerHeaderTransformation::AppendIfAbsent => drop(headers.entry(SERVER).or_insert(server)),
            ServerHeaderTransformation::PassThrough => {}
        }
        if self.manager.config.always_set_request_id_in_response
            && let Some(id) = walk.request.as_ref().and_then(|request| request.headers.all("x-request-id").next())
        {
            headers.insert("x-request-id", id.clone());
        }
        let closes = closes || self.session.is_ending();
        if closes && is_http1 {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        if is_grpc_over_http2(walk.request.as_ref(), self.is_grpc) && matches!(body, Body::Empty) {
            headers.remove(CONTENT_LENGTH);
        }
        let keeps = !self.manager.logs.is_empty();
        let status = parts.status;
        // Envoy has its own words, and none for some.
        parts.extensions.remove::<ReasonPhrase>();
        if status.canonical_reason().is_none() || status == StatusCode::IM_A_TEAPOT {
            parts.extensions.insert(ReasonPhrase::from_static(b"Unknown"));
        }
        let headers = keeps.then(|| parts.headers.clone());
        self.note(|record| {
            record.status = status.as_u16();
            record.metadata = std::mem::take(&mut walk.metadata);
            if let Some(headers) = headers {
                record.response = headers;
                record.request = walk.request.take().or(record.request.take());
                if let Some((_, route)) = walk.routing.as_ref().and_then(|routing| routing.route) {
                    record.route_name.clone_from(&route.name);
                }
            }
        });
        if is_upgrade && !is_http1 {
            parts.status = StatusCode::OK;
        }
        if let Some(tunnel) = tunnel {
            tokio::spawn(tunnel.run(self.ending, self.stream_idle));
            return http::Response::from_parts(parts, Outgoing::nothing());
        }
        let body =
            if status == StatusCode::NO_CONTENT || status == StatusCode::NOT_MODIFIED { Body::Empty } else { body };
        http::Response::from_parts(parts, Outgoing::new(body, self.ending, self.deadline, self.stream_idle))
    }

    fn edit(&mut self, walk: &Walk<'x, 'x>, headers: &mut HeaderMap) {
        for edit in std::mem::take(&mut self.edits) {
            match edit {
                Edit::Set(own) => own.iter().for_each(|(name, value)| drop(headers.insert(name, value.clone()))),
                Edit::Append(own) => {
                    own.iter().for_each(|(name, value)| {
                        headers.append(name, value.clone());
                    });
                }
                Edit::Remove(name) => drop(headers.remove(name)),
                Edit::Mutate(own) => {
                    let Some(record) = self.ending.record() else { continue };
                    mutation::apply(&own.response, headers, &mut |text, headers| {
                        expand(text, &Facts { record, request: walk.request.as_ref(), response: Some(headers) })
                    });
                }
            }
        }
    }
}

fn is_grpc_over_http2(request: Option<&Request>, is_grpc: bool) -> bool {
    is_grpc && request.is_some_and(|request| request.version == Version::Http2)
}
