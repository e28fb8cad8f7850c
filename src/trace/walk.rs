//! A call on its way through the filters of a chain, step by step.
//!
//! A walk stops where something is to be done that is no matter of configuration and request: another service is asked,
//! dice are thrown, time passes. [`Tracer::decide`] takes all sides; the proxy does it, and walks on.

use std::net::IpAddr;

use serde_json::json;

use crate::envoy::http_filter::{CorsPolicy, HttpFault};
use crate::envoy::network_filter::TcpProxy;
use crate::envoy::route::TlsRequirementType;
use crate::envoy::{Any, Object};

use super::answer::{Answer, By, Cors, Fault};
use super::arrival;
use super::call::{Connection, Request};
use super::decision::{Closed, External, Policies, Routing, Step, Verdicts};
use super::fields::field;
use super::filters::{self, Chain, EXTERNAL_OF_ROUTE, Http, HttpStep, NetworkStep, PlacedFilter, TOKENS_OF_ROUTE};
use super::jwt::TokenVerdict;
use super::listener::Inspected;
use super::matching::Metadata;
use super::rbac::{Facts, Rbac};
use super::router::Router;
use super::taken::Taken;

/// The filters that set and ask for the effective policy.
const HTTP_RBAC: &str = "envoy.filters.http.rbac";
const NETWORK_RBAC: &str = "envoy.filters.network.rbac";

/// One call on its way through a chain.
#[derive(Debug)]
pub struct Walk<'t, 'c> {
    pub connection: &'c Connection,
    pub inspected: &'c Inspected,
    /// Of the client, where TLS ends here.
    pub identity: Option<&'c str>,
    pub remote: IpAddr,
    /// As the filters so far have left it.
    pub request: Option<Request>,
    pub metadata: Metadata,
    pub steps: Vec<Step<'t>>,
    pub routing: Option<Routing<'t>>,
    /// By which the origin of the request was judged.
    pub cors: Option<&'t CorsPolicy>,
    /// Decides which request is of a part of all requests; without it, every request is of every part.
    pub random: Option<u64>,
    /// How many filters it has passed.
    passed: usize,
}

/// Where a walk stops.
#[derive(Debug)]
pub enum Stop<'t> {
    /// A service for authorization is asked. If it agrees, the walk goes on.
    Ask(&'t filters::External),
    /// A part of the requests is delayed, and a part answered.
    Fault(&'t HttpFault, Fault),
    /// A filter that is not known here, by its position and name.
    Unknown(usize, &'t str),
    /// From here on the connection speaks HTTP.
    Http(&'t Http),
    /// The bytes of the connection go to a cluster.
    Tcp(&'t TcpProxy),
    Answer(Answer),
    Closed(Closed),
    /// The router sends the request on.
    Route(Taken<'t>),
}

impl<'t, 'c> Walk<'t, 'c> {
    pub fn new(connection: &'c Connection, inspected: &'c Inspected, chain: &Chain) -> Self {
        let identity = connection.tls.as_ref().filter(|_| chain.tls.is_some());
        Self {
            connection,
            inspected,
            identity: identity.and_then(|tls| tls.identity.as_deref()),
            remote: connection.source,
            request: None,
            metadata: Metadata::new(),
            steps: Vec::new(),
            routing: None,
            cors: None,
            random: None,
            passed: 0,
        }
    }

    /// Walks to the next stop among the filters of a connection.
    pub fn connect(&mut self, chain: &'t Chain) -> Stop<'t> {
        if self.passed == 0
            && let Some(reason) = self.mistaken_for_tls(chain)
        {
            return Stop::Closed(reason);
        }
        while let Some(filter) = chain.filters.get(self.passed) {
            self.passed += 1;
            match filter {
                NetworkStep::Passive => {}
                NetworkStep::Unknown(name) => {
                    self.steps.push(Step::Other(name, None));
                    return Stop::Unknown(self.passed - 1, name);
                }
                NetworkStep::Policies(rbac) => {
                    if !self.judge(rbac, NETWORK_RBAC, false) {
                        return Stop::Closed(Closed::Denied);
                    }
                }
                NetworkStep::External(external) => {
                    if self.asks(external) {
                        return Stop::Ask(external);
                    }
                }
                NetworkStep::Tcp(proxy) => return Stop::Tcp(proxy),
                NetworkStep::Http(_) if chain.tls.is_none() && self.connection.tls.is_some() => {
                    return Stop::Closed(Closed::TlsToPlain);
                }
                NetworkStep::Http(http) => return Stop::Http(http),
            }
        }
        Stop::Closed(Closed::NoFilter)
    }

    /// The position of the filter at which it stopped, among those of the connection or of HTTP.
    pub fn position(&self) -> usize {
        self.passed.saturating_sub(1)
    }

    fn mistaken_for_tls(&self, chain: &Chain) -> Option<Closed> {
        match (&chain.tls, &self.connection.tls) {
            (Some(_), None) => Some(Closed::PlainToTls),
            (Some(server), Some(_)) => match self.identity {
                Some(identity) => (!server.accepts(identity)).then_some(Closed::NotAccepted),
                None => server.requires_certificate.then_some(Closed::NoCertificate),
            },
            (None, _) => None,
        }
    }

    /// Takes a request as a connection manager does before its filters see it.
    pub fn arrive(&mut self, http: &'t Http, mut request: Request) -> Option<Answer> {
        self.passed = 0;
        self.remote = arrival::remote(http, &request, self.connection.source);
        request.scheme = arrival::scheme(http, &request, self.connection.tls.is_some());
        let answer = arrival::rewrite(http, &mut request).err();
        self.request = Some(request);
        answer
    }

    /// Walks to the next stop among the HTTP filters.
    pub fn serve(&mut self, http: &'t Http) -> Stop<'t> {
        while let Some(filter) = http.filters.get(self.passed) {
            self.passed += 1;
            if http.routes_decide {
                self.find_route(http);
            }
            if self.is_off(filter) {
                continue;
            }
            if let Some(stop) = self.filter(http, filter) {
                return stop;
            }
        }
        Stop::Closed(Closed::NoFilter)
    }

    /// Whether the policies of a filter let the call pass.
    fn judge(&mut self, rbac: &'t Rbac, name: &str, is_http: bool) -> bool {
        let facts = Facts {
            connection: self.connection,
            server_name: self.inspected.server_name.as_deref(),
            identity: self.identity,
            remote: self.remote,
            request: self.request.as_ref().filter(|_| is_http),
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

    fn asks(&mut self, external: &'t filters::External) -> bool {
        let asked = external.condition.as_ref().is_none_or(|condition| condition.matches(&self.metadata));
        self.steps.push(Step::External(External { service: &external.service, asked }));
        asked
    }

    fn is_off(&self, filter: &PlacedFilter) -> bool {
        match self.config_of_route(&filter.name) {
            Some(Any::FilterOfRoute(own)) => own.disabled,
            Some(_) => false,
            None => filter.is_off,
        }
    }

    /// What a filter makes of the request; `None` if it goes on to the next.
    fn filter(&mut self, http: &'t Http, filter: &'t PlacedFilter) -> Option<Stop<'t>> {
        let name = filter.name.as_str();
        match &filter.step {
            HttpStep::Passive => None,
            HttpStep::Unknown(config) => {
                // Such a filter may have another configuration for the route.
                self.find_route(http);
                self.steps.push(Step::Other(name, self.own_config(name).or(config.as_deref())));
                Some(Stop::Unknown(self.passed - 1, name))
            }
            HttpStep::Policies(rbac) => {
                let rbac = self.own_config(name).and_then(|own| http.policies_of_route(own)).unwrap_or(rbac);
                let denied = || Stop::Answer(Answer::new(403, "RBAC: access denied", By::Authorization));
                (!self.judge(rbac, HTTP_RBAC, true)).then(denied)
            }
            HttpStep::External(external) => {
                let is_asked = !self.own_fields(name, EXTERNAL_OF_ROUTE).is_some_and(is_disabled);
                (is_asked && self.asks(external)).then_some(Stop::Ask(external))
            }
            HttpStep::Tokens(authentication) => {
                let of_route = self.own_fields(name, TOKENS_OF_ROUTE);
                if of_route.is_some_and(is_disabled) {
                    return None;
                }
                let required = of_route.and_then(|own| field(own, "requirement_name")?.as_str());
                let request = self.request.as_mut()?;
                let verdict = authentication.check(request, &mut self.metadata, required);
                let answer = match &verdict {
                    TokenVerdict::Rejected { status, body, challenge, .. } => {
                        let challenge = challenge.clone();
                        Some(Answer { challenge, ..Answer::new(*status, body.clone(), By::Authentication) })
                    }
                    _ => None,
                };
                if authentication.clears_route && matches!(verdict, TokenVerdict::Accepted(_)) {
                    self.routing = None;
                }
                self.steps.push(Step::Tokens(verdict));
                answer.map(Stop::Answer)
            }
            HttpStep::Fault(own) => {
                self.find_route(http);
                let config = match self.own_config(name) {
                    Some(Any::Fault(config)) => config,
                    _ => own,
                };
                let fault = Fault::new(config, self.request.as_ref()?)?;
                self.steps.push(Step::Fault(fault.clone()));
                Some(Stop::Fault(config, fault))
            }
            HttpStep::Cors => {
                self.find_route(http);
                let Some(Any::CorsPolicy(policy)) = self.own_config(name) else { return None };
                self.cors = Some(policy);
                let cors = Cors::new(policy, self.request.as_ref()?)?;
                self.steps.push(Step::Cors(cors));
                let answers = matches!(cors, Cors::Preflight { .. });
                answers.then(|| Stop::Answer(Answer::new(200, "", By::Cors)))
            }
            HttpStep::Router => {
                self.find_route(http);
                Some(self.route(http))
            }
        }
    }

    /// Finds virtual host and route, when the first filter wants to know.
    pub fn find_route(&mut self, http: &'t Http) {
        let (None, Some(request)) = (&self.routing, &self.request) else { return };
        let host = http.router.as_deref().and_then(|router| router.host(&request.authority));
        let redirects =
            host.is_some_and(|host| host.host.require_tls == TlsRequirementType::All && request.scheme != "https");
        let route = host.filter(|_| !redirects).and_then(|host| host.route(request, &self.metadata, self.random));
        let configuration = http.router.as_deref().map(Router::configuration);
        self.routing = Some(Routing { name: &http.route_name, configuration, host, redirects, route });
    }

    /// What the route, its virtual host or its configuration say for a filter; the first wins. The route must have been
    /// looked for.
    pub fn own_config(&self, filter: &str) -> Option<&'t Any> {
        self.config_of_route(filter).map(filters::unwrapped)
    }

    /// The same as fields of a message of this type.
    fn own_fields(&self, filter: &str, message: &str) -> Option<&'t Object> {
        match self.own_config(filter)? {
            Any::Other(other) if self.own_config(filter)?.type_name() == message => Some(&other.fields),
            _ => None,
        }
    }

    fn config_of_route(&self, filter: &str) -> Option<&'t Any> {
        let routing = self.routing.as_ref()?;
        let (_, route) = routing.route?;
        let host = routing.host?.host;
        let of_host = || host.typed_per_filter_config.get(filter);
        let of_all = || routing.configuration?.typed_per_filter_config.get(filter);
        route.typed_per_filter_config.get(filter).or_else(of_host).or_else(of_all)
    }

    fn route(&self, http: &'t Http) -> Stop<'t> {
        let (Some(routing), Some(request)) = (&self.routing, &self.request) else {
            return Stop::Closed(Closed::NoFilter);
        };
        match Taken::new(http, routing, request) {
            Ok(taken) => Stop::Route(taken),
            Err(answer) => Stop::Answer(answer),
        }
    }
}

/// Of what a route says for a filter.
fn is_disabled(config: &Object) -> bool {
    field(config, "disabled").is_some_and(|disabled| disabled == true)
}
