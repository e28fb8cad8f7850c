//! A call on its way through the filters of a chain.

use std::net::IpAddr;

use serde_json::json;

use crate::envoy::Any;
use crate::envoy::network_filter::{self, TcpClusterSpecifier, TcpProxy};
use crate::envoy::route::{
    Action, ClusterNotFoundResponseCode, ClusterSpecifier, ClusterWeight, Route, RouteAction, TlsRequirementType,
    VirtualHost,
};

use super::answer::{Answer, By, Cors, Fault, change, rewrite};
use super::arrival;
use super::call::{Call, Request};
use super::decision::{Closed, External, Forward, Outcome, Policies, Routing, Step, Target, Verdicts, timeout};
use super::filters::{self, Chain, Http, HttpStep, NetworkStep};
use super::jwt::TokenVerdict;
use super::listener::Inspected;
use super::matching::Metadata;
use super::path::port_of;
use super::rbac::{Facts, Rbac};
use super::router::Router;
use super::tracer::Tracer;

/// The filters that set and ask for the effective policy.
const HTTP_RBAC: &str = "envoy.filters.http.rbac";
const NETWORK_RBAC: &str = "envoy.filters.network.rbac";

const HTTP_FAULT: &str = "envoy.filters.http.fault";
const HTTP_CORS: &str = "envoy.filters.http.cors";

/// One call on its way through a chain.
pub struct Walk<'t> {
    tracer: &'t Tracer,
    pub call: Call,
    pub inspected: Inspected,
    /// Of the client, where TLS ends here.
    pub identity: Option<String>,
    pub remote: IpAddr,
    pub metadata: Metadata,
    pub steps: Vec<Step<'t>>,
    pub routing: Option<Routing<'t>>,
}

impl<'t> Walk<'t> {
    pub fn new(tracer: &'t Tracer, call: Call, inspected: Inspected, chain: &Chain) -> Self {
        let identity = call.connection.tls.as_ref().filter(|_| chain.tls.is_some());
        Self {
            tracer,
            inspected,
            identity: identity.and_then(|tls| tls.identity.clone()),
            remote: call.connection.source,
            metadata: Metadata::new(),
            steps: Vec::new(),
            routing: None,
            call,
        }
    }

    pub fn through(&mut self, chain: &'t Chain) -> Outcome<'t> {
        match (&chain.tls, &self.call.connection.tls) {
            (Some(_), None) => return Outcome::Closed(Closed::PlainToTls),
            (Some(server), Some(_)) if server.requires_certificate && self.identity.is_none() => {
                return Outcome::Closed(Closed::NoCertificate);
            }
            _ => {}
        }
        for filter in &chain.filters {
            match filter {
                NetworkStep::Passive => {}
                NetworkStep::Unknown(name) => self.steps.push(Step::Unknown(name)),
                NetworkStep::Policies(rbac) => {
                    if !self.judge(rbac, NETWORK_RBAC, false) {
                        return Outcome::Closed(Closed::Denied);
                    }
                }
                NetworkStep::External(external) => self.ask(external),
                NetworkStep::Tcp(proxy) => return Outcome::Connect(self.connect(proxy)),
                NetworkStep::Http(_) if chain.tls.is_none() && self.call.connection.tls.is_some() => {
                    return Outcome::Closed(Closed::TlsToPlain);
                }
                NetworkStep::Http(http) => {
                    return match self.call.request.take() {
                        Some(request) => self.serve(http, request),
                        None => Outcome::Closed(Closed::NotHttp),
                    };
                }
            }
        }
        Outcome::Closed(Closed::NoFilter)
    }

    /// Whether the policies of a filter let the call pass.
    fn judge(&mut self, rbac: &'t Rbac, name: &str, is_http: bool) -> bool {
        let facts = Facts {
            connection: &self.call.connection,
            server_name: self.inspected.server_name.as_deref(),
            identity: self.identity.as_deref(),
            remote: self.remote,
            request: self.call.request.as_ref().filter(|_| is_http),
            metadata: &self.metadata,
        };
        let enforced = rbac.rules.as_ref().map(|rules| Verdicts { rules, verdict: rules.judge(&facts) });
        let shadow = rbac.shadow_rules.as_ref().map(|rules| Verdicts { rules, verdict: rules.judge(&facts) });
        // A filter for external authorization asks by which shadow policy a request is caught.
        if let Some(policy) = shadow.and_then(|shadow| shadow.verdict.policy) {
            self.metadata.insert(name.to_owned(), json!({"istio_ext_authz_shadow_effective_policy_id": policy}));
        }
        self.steps.push(Step::Policies(Policies { enforced, shadow, is_http }));
        enforced.is_none_or(|enforced| enforced.verdict.allowed)
    }

    fn ask(&mut self, external: &'t filters::External) {
        let asked = external.condition.as_ref().is_none_or(|condition| condition.matches(&self.metadata));
        self.steps.push(Step::External(External { service: &external.service, asked }));
    }

    fn connect(&self, proxy: &'t TcpProxy) -> Vec<Target<'t>> {
        match &proxy.cluster_specifier {
            Some(TcpClusterSpecifier::Cluster(name)) => vec![self.target(name, 1, 1)],
            Some(TcpClusterSpecifier::WeightedClusters(weighted)) => {
                let total = weighted.clusters.iter().map(|cluster| cluster.weight).sum();
                let of = |cluster: &'t network_filter::ClusterWeight| self.target(&cluster.name, cluster.weight, total);
                weighted.clusters.iter().map(of).collect()
            }
            None => Vec::new(),
        }
    }

    fn target(&self, name: &'t str, weight: u32, total: u32) -> Target<'t> {
        Target { name, weight, total, cluster: self.tracer.cluster(name), chosen: None, request: None }
    }

    fn serve(&mut self, http: &'t Http, mut request: Request) -> Outcome<'t> {
        self.remote = arrival::remote(http, &request, self.call.connection.source);
        request.scheme = arrival::scheme(http, &request, self.call.connection.tls.is_some());
        match arrival::path(http, &request.path) {
            Ok(path) => request.path = path,
            Err(answer) => {
                self.call.request = Some(request);
                return Outcome::Answer(answer);
            }
        }
        if let Some(at) = port_of(&request.authority).filter(|_| http.strips_port) {
            request.authority.truncate(at);
        }
        self.call.request = Some(request);
        for filter in &http.filters {
            if let Some(outcome) = self.filter(http, filter) {
                return outcome;
            }
        }
        Outcome::Closed(Closed::NoFilter)
    }

    /// What a filter makes of the request; `None` if it goes on to the next.
    fn filter(&mut self, http: &'t Http, filter: &'t HttpStep) -> Option<Outcome<'t>> {
        match filter {
            HttpStep::Passive => None,
            HttpStep::Unknown(name) => {
                self.steps.push(Step::Unknown(name));
                None
            }
            HttpStep::Policies(rbac) => {
                let denied = || Outcome::Answer(Answer::new(403, "RBAC: access denied", By::Authorization));
                (!self.judge(rbac, HTTP_RBAC, true)).then(denied)
            }
            HttpStep::External(external) => {
                self.ask(external);
                None
            }
            HttpStep::Tokens(authentication) => {
                let request = self.call.request.as_mut()?;
                let verdict = authentication.check(request, &mut self.metadata);
                let answer = match &verdict {
                    TokenVerdict::Rejected { status, body } => Some(Answer::new(*status, *body, By::Authentication)),
                    _ => None,
                };
                self.steps.push(Step::Tokens(verdict));
                answer.map(Outcome::Answer)
            }
            HttpStep::Fault => {
                self.find_route(http);
                let fault = self.own_config(HTTP_FAULT).and_then(|config| match config {
                    Any::Fault(fault) => Fault::new(fault, self.call.request.as_ref()?),
                    _ => None,
                })?;
                let answer = fault.answer();
                self.steps.push(Step::Fault(fault));
                answer.map(Outcome::Answer)
            }
            HttpStep::Cors => {
                self.find_route(http);
                let cors = self.own_config(HTTP_CORS).and_then(|config| match config {
                    Any::CorsPolicy(policy) => Cors::new(policy, self.call.request.as_ref()?),
                    _ => None,
                })?;
                self.steps.push(Step::Cors(cors));
                let answers = matches!(cors, Cors::Preflight { .. });
                answers.then(|| Outcome::Answer(Answer::new(200, "", By::Cors)))
            }
            HttpStep::Router => {
                self.find_route(http);
                Some(self.route(http))
            }
        }
    }

    /// Finds virtual host and route, when the first filter wants to know.
    fn find_route(&mut self, http: &'t Http) {
        let (None, Some(request)) = (&self.routing, &self.call.request) else { return };
        let host = http.router.as_deref().and_then(|router| router.host(&request.authority));
        let redirects =
            host.is_some_and(|host| host.host.require_tls == TlsRequirementType::All && request.scheme != "https");
        let route = host.filter(|_| !redirects).and_then(|host| host.route(request, &self.metadata));
        let configuration = http.router.as_deref().map(Router::configuration);
        self.routing = Some(Routing { name: &http.route_name, configuration, host, redirects, route });
    }

    /// What the route, its virtual host or its configuration say for a filter; the first wins.
    fn own_config(&self, filter: &str) -> Option<&'t Any> {
        let routing = self.routing.as_ref()?;
        let (_, route) = routing.route?;
        let host = routing.host?.host;
        let of_host = || host.typed_per_filter_config.get(filter);
        let of_all = || routing.configuration?.typed_per_filter_config.get(filter);
        route.typed_per_filter_config.get(filter).or_else(of_host).or_else(of_all)
    }

    fn route(&self, http: &'t Http) -> Outcome<'t> {
        let (Some(routing), Some(request)) = (&self.routing, &self.call.request) else {
            return Outcome::Closed(Closed::NoFilter);
        };
        let Some(host) = routing.host else { return Outcome::Answer(Answer::new(404, "", By::NoHost)) };
        if routing.redirects {
            return Outcome::Answer(Answer::https(request));
        }
        let Some((index, route)) = routing.route else { return Outcome::Answer(Answer::new(404, "", By::NoRoute)) };
        let matched = host.matched_length(index, request);
        match &route.action {
            Some(Action::Redirect(redirect)) => Outcome::Answer(Answer::redirect(redirect, request, matched)),
            Some(Action::DirectResponse(response)) => Outcome::Answer(Answer::direct(response, request)),
            Some(Action::Route(action)) => self.forward(&Taken { http, host: host.host, route, action, matched }),
            None => Outcome::Answer(Answer::new(500, "", By::NoAction)),
        }
    }

    fn forward(&self, taken: &Taken<'t>) -> Outcome<'t> {
        let Taken { action, .. } = *taken;
        let of = |name: &'t str, weight: u32, total: u32, chosen: Option<&'t ClusterWeight>| Target {
            chosen,
            request: self.sent(taken, chosen),
            ..self.target(name, weight, total)
        };
        let targets: Vec<_> = match &action.cluster_specifier {
            Some(ClusterSpecifier::Cluster(name)) => vec![of(name, 1, 1, None)],
            Some(ClusterSpecifier::WeightedClusters(weighted)) => {
                let weight = |cluster: &ClusterWeight| cluster.weight.unwrap_or_default();
                let total = weighted.clusters.iter().map(weight).sum();
                weighted.clusters.iter().map(|own| of(&own.name, weight(own), total, Some(own))).collect()
            }
            // Which of the clusters it is, the request itself says.
            Some(ClusterSpecifier::ClusterHeader(name)) => {
                let value = self.call.request.as_ref().and_then(|request| request.header(name));
                let named = value.and_then(|value| self.tracer.cluster(&value));
                named.into_iter().map(|cluster| of(&cluster.name, 1, 1, None)).collect()
            }
            None => Vec::new(),
        };
        match targets.as_slice() {
            [] => Outcome::Answer(Answer::new(503, "", By::NoCluster)),
            [only] if only.cluster.is_none() => {
                let status = match action.cluster_not_found_response_code {
                    ClusterNotFoundResponseCode::NotFound => 404,
                    ClusterNotFoundResponseCode::InternalServerError => 500,
                    _ => 503,
                };
                Outcome::Answer(Answer::new(status, "", By::NoCluster))
            }
            _ => {
                let retry = action.retry_policy.as_ref().or(taken.host.retry_policy.as_ref());
                Outcome::Forward(Box::new(Forward { action, targets, retry }))
            }
        }
    }

    /// The request as the upstream sees it, but for what differs from run to run.
    fn sent(&self, taken: &Taken<'_>, chosen: Option<&ClusterWeight>) -> Option<Request> {
        let Taken { http, host, route, action, matched } = *taken;
        let request = self.call.request.as_ref()?;
        let mut sent = request.clone();
        if http.is_edge {
            let source = self.call.connection.source;
            let forwarded = match request.header("x-forwarded-for") {
                Some(before) => format!("{before},{source}"),
                None => source.to_string(),
            };
            sent.headers.set("x-forwarded-for", forwarded);
        }
        if http.is_edge || !sent.headers.has("x-forwarded-proto") {
            sent.headers.set("x-forwarded-proto", request.scheme.clone());
        }
        let retry = action.retry_policy.as_ref().or(host.retry_policy.as_ref());
        if let Some(limit) = retry.and_then(|retry| retry.per_try_timeout).or_else(|| timeout(action)) {
            sent.headers.set("x-envoy-expected-rq-timeout-ms", limit.as_millis().to_string());
        }
        if host.include_request_attempt_count {
            sent.headers.set("x-envoy-attempt-count", "1");
        }
        let configuration = self.routing.as_ref().and_then(|routing| routing.configuration);
        let levels = [
            chosen.map(|own| (&own.request_headers_to_add, &own.request_headers_to_remove)),
            Some((&route.request_headers_to_add, &route.request_headers_to_remove)),
            Some((&host.request_headers_to_add, &host.request_headers_to_remove)),
            configuration.map(|own| (&own.request_headers_to_add, &own.request_headers_to_remove)),
        ];
        for (to_add, to_remove) in levels.into_iter().flatten() {
            change(&mut sent, to_add, to_remove);
        }
        rewrite(&mut sent, action, chosen, matched);
        Some(sent)
    }
}

/// A route that sends the request on, and whose it is.
#[derive(Clone, Copy)]
struct Taken<'t> {
    http: &'t Http,
    host: &'t VirtualHost,
    route: &'t Route,
    action: &'t RouteAction,
    /// How many bytes of the path it matched.
    matched: usize,
}
