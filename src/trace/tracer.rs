//! A configuration that is ready to be asked what it does with calls.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use rustc_hash::FxHashMap;
use serde_json::json;

use crate::envoy::cluster::Cluster;
use crate::envoy::core::Address;
use crate::envoy::endpoint::ClusterLoadAssignment;
use crate::envoy::http_connection_manager::PathWithEscapedSlashesAction;
use crate::envoy::listener::Listener;
use crate::envoy::network_filter::{TcpClusterSpecifier, TcpProxy};
use crate::envoy::route::{
    Action, ClusterNotFoundResponseCode, ClusterSpecifier, ClusterWeight, Route, RouteAction, TlsRequirementType,
    VirtualHost,
};
use crate::envoy::{Any, Config};

use super::answer::{Answer, By, Cors, Fault, change, rewrite};
use super::call::{Call, Request};
use super::decision::{
    ChainChoice, Closed, Decision, External, Forward, Outcome, Policies, Routing, Step, Target, Verdicts,
};
use super::filters::{Chain, Http, HttpStep, NetworkStep, Routers};
use super::jwt::TokenVerdict;
use super::listener::{Inspected, choose};
use super::matching::Metadata;
use super::path::{merge_slashes, normalize, port_of};
use super::rbac::{Facts, Rbac};
use super::router::Router;
use super::upstream::{Upstream, upstreams, version};

/// What one proxy does. It owns the configuration that it is made of, so that it can be shared.
#[derive(Debug)]
pub struct Tracer {
    servers: Vec<Server>,
    by_address: FxHashMap<SocketAddr, usize>,
    /// Where connections end up that no other listener is for.
    catch_all: Option<usize>,
    inbound: Option<usize>,
    clusters: FxHashMap<String, Arc<Cluster>>,
    endpoints: FxHashMap<String, Arc<ClusterLoadAssignment>>,
}

#[derive(Debug)]
struct Server {
    listener: Listener,
    chains: Vec<Chain>,
}

/// By which way a call reaches the proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From the workload beside a sidecar, or from a client of a gateway.
    Outbound,
    /// To the workload beside a sidecar.
    Inbound,
}

/// The filters that set and ask for the effective policy.
const HTTP_RBAC: &str = "envoy.filters.http.rbac";
const NETWORK_RBAC: &str = "envoy.filters.network.rbac";

impl Tracer {
    pub fn new(config: Config) -> Self {
        let routers: Routers = config
            .routes
            .into_iter()
            .map(|routes| (routes.name.clone(), Arc::new(Router::new(Arc::new(routes)))))
            .collect();
        let servers: Vec<_> = config.listeners.into_iter().map(|listener| Server::new(listener, &routers)).collect();
        let at = |name: &str| servers.iter().position(|server| server.listener.name == name);
        let mut by_address = FxHashMap::default();
        for (index, server) in servers.iter().enumerate() {
            if let Some(address) = address(&server.listener) {
                by_address.entry(address).or_insert(index);
            }
        }
        Self {
            catch_all: at("virtualOutbound"),
            inbound: at("virtualInbound"),
            servers,
            by_address,
            clusters: config.clusters.into_iter().map(|cluster| (cluster.name.clone(), cluster)).collect(),
            endpoints: config.endpoints.into_iter().map(|own| (own.cluster_name.clone(), own)).collect(),
        }
    }

    pub fn cluster(&self, name: &str) -> Option<&Cluster> {
        self.clusters.get(name).map(Arc::as_ref)
    }

    /// Where a cluster leads to.
    pub fn upstreams(&self, cluster: &str, original: SocketAddr) -> Vec<Upstream<'_>> {
        let Some(cluster) = self.clusters.get(cluster) else { return Vec::new() };
        let service = cluster.eds_cluster_config.as_ref().map(|config| config.service_name.as_str());
        let name = service.filter(|name| !name.is_empty()).unwrap_or(&cluster.name);
        upstreams(cluster, self.endpoints.get(name).map(Arc::as_ref), original)
    }

    /// What happens to a call, step by step.
    pub fn decide(&self, call: Call, way: Way) -> Decision<'_> {
        let Some(server) = self.server(call.connection.destination, way) else {
            return Decision::closed(call, Closed::NoListener);
        };
        let inspected = Inspected::new(&server.listener, &call);
        let chosen = choose(&server.listener, &inspected);
        let Some((index, chain)) = chosen.and_then(|index| Some((index, server.chains.get(index)?))) else {
            let decision = Decision::closed(call, Closed::NoChain);
            return Decision { listener: Some(&server.listener), inspected: Some(inspected), ..decision };
        };
        let mut walk = Walk::new(self, call, inspected, chain);
        let outcome = walk.through(chain);
        Decision {
            listener: Some(&server.listener),
            chain: Some(ChainChoice::new(&server.listener, index)),
            inspected: Some(walk.inspected),
            steps: walk.steps,
            routing: walk.routing,
            outcome,
            call: walk.call,
            metadata: walk.metadata,
            identity: walk.identity,
            remote: walk.remote,
        }
    }

    /// The listener of exactly this address, else that of the port on all addresses.
    fn server(&self, destination: SocketAddr, way: Way) -> Option<&Server> {
        let wildcard = match destination.ip() {
            IpAddr::V4(_) => IpAddr::from([0; 4]),
            IpAddr::V6(_) => IpAddr::from([0; 16]),
        };
        let of = |ip: IpAddr| self.by_address.get(&SocketAddr::new(ip, destination.port())).copied();
        let found = match way {
            Way::Outbound => of(destination.ip()).or_else(|| of(wildcard)).or(self.catch_all),
            Way::Inbound => self.inbound.or_else(|| of(destination.ip())).or_else(|| of(wildcard)),
        };
        self.servers.get(found?)
    }
}

fn address(listener: &Listener) -> Option<SocketAddr> {
    match listener.address.as_ref()? {
        Address::SocketAddress(socket) => {
            let port = socket.port_value.unwrap_or_default().try_into().ok()?;
            Some(SocketAddr::new(socket.address.parse().ok()?, port))
        }
        _ => None,
    }
}

impl Server {
    fn new(listener: Listener, routers: &Routers) -> Self {
        let chains = listener.filter_chains.iter().chain(&listener.default_filter_chain);
        Self { chains: chains.map(|chain| Chain::new(chain, routers)).collect(), listener }
    }
}

/// One call on its way through a chain.
struct Walk<'t> {
    tracer: &'t Tracer,
    call: Call,
    inspected: Inspected,
    /// Of the client, where TLS ends here.
    identity: Option<String>,
    remote: IpAddr,
    metadata: Metadata,
    steps: Vec<Step<'t>>,
    routing: Option<Routing<'t>>,
}

impl<'t> Walk<'t> {
    fn new(tracer: &'t Tracer, call: Call, inspected: Inspected, chain: &Chain) -> Self {
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

    fn through(&mut self, chain: &'t Chain) -> Outcome<'t> {
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
                NetworkStep::Http(http) => {
                    return match (&chain.tls, &self.call.connection.tls, &self.call.request) {
                        (None, Some(_), _) => Outcome::Closed(Closed::TlsToPlain),
                        (_, _, None) => Outcome::Closed(Closed::NotHttp),
                        (_, _, Some(request)) => {
                            let request = request.clone();
                            self.serve(http, request)
                        }
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

    fn ask(&mut self, external: &'t super::filters::External) {
        let asked = external.condition.as_ref().is_none_or(|condition| condition.matches(&self.metadata));
        self.steps.push(Step::External(External { service: &external.service, asked }));
    }

    fn connect(&self, proxy: &'t TcpProxy) -> Vec<Target<'t>> {
        match &proxy.cluster_specifier {
            Some(TcpClusterSpecifier::Cluster(name)) => vec![self.target(name, 1, 1, None)],
            Some(TcpClusterSpecifier::WeightedClusters(weighted)) => {
                let total = weighted.clusters.iter().map(|cluster| cluster.weight).sum();
                let of = |cluster: &'t crate::envoy::network_filter::ClusterWeight| {
                    self.target(&cluster.name, cluster.weight, total, None)
                };
                weighted.clusters.iter().map(of).collect()
            }
            None => Vec::new(),
        }
    }

    fn target(&self, name: &'t str, weight: u32, total: u32, request: Option<Request>) -> Target<'t> {
        Target { name, weight, total, cluster: self.tracer.cluster(name), request }
    }

    fn serve(&mut self, http: &'t Http, mut request: Request) -> Outcome<'t> {
        self.remote = remote(http, &request, self.call.connection.source);
        request.scheme = scheme(http, &request, self.call.connection.tls.is_some());
        match path(http, &request.path) {
            Ok(path) => request.path = path,
            Err(answer) => return Outcome::Answer(answer),
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
            Some(Action::DirectResponse(response)) => Outcome::Answer(Answer::direct(response)),
            Some(Action::Route(action)) => self.forward(http, host.host, route, action, matched),
            None => Outcome::Answer(Answer::new(500, "", By::NoAction)),
        }
    }

    fn forward(
        &self,
        http: &'t Http,
        host: &'t VirtualHost,
        route: &'t Route,
        action: &'t RouteAction,
        matched: usize,
    ) -> Outcome<'t> {
        let sent = |weight: Option<&ClusterWeight>| self.sent(http, host, route, action, weight, matched);
        let targets: Vec<_> = match &action.cluster_specifier {
            Some(ClusterSpecifier::Cluster(name)) => vec![self.target(name, 1, 1, sent(None))],
            Some(ClusterSpecifier::WeightedClusters(weighted)) => {
                let weight = |cluster: &ClusterWeight| cluster.weight.unwrap_or_default();
                let total = weighted.clusters.iter().map(weight).sum();
                let clusters = weighted.clusters.iter();
                clusters.map(|own| self.target(&own.name, weight(own), total, sent(Some(own)))).collect()
            }
            // Which of the clusters it is, the request itself says.
            Some(ClusterSpecifier::ClusterHeader(name)) => {
                let value = self.call.request.as_ref().and_then(|request| request.header(name));
                let named = value.and_then(|value| self.tracer.clusters.get(value.as_ref()));
                named.into_iter().map(|cluster| self.target(&cluster.name, 1, 1, sent(None))).collect()
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
            _ => Outcome::Forward(Box::new(Forward {
                action,
                targets,
                retry: action.retry_policy.as_ref().or(host.retry_policy.as_ref()),
            })),
        }
    }

    /// The request as the upstream sees it, but for what differs from run to run.
    fn sent(
        &self,
        http: &Http,
        host: &VirtualHost,
        route: &Route,
        action: &RouteAction,
        weight: Option<&ClusterWeight>,
        matched: usize,
    ) -> Option<Request> {
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
        if host.include_request_attempt_count {
            sent.headers.set("x-envoy-attempt-count", "1");
        }
        let seen = sent.clone();
        let configuration = self.routing.as_ref().and_then(|routing| routing.configuration);
        let levels = [
            weight.map(|own| (&own.request_headers_to_add, &own.request_headers_to_remove)),
            Some((&route.request_headers_to_add, &route.request_headers_to_remove)),
            Some((&host.request_headers_to_add, &host.request_headers_to_remove)),
            configuration.map(|own| (&own.request_headers_to_add, &own.request_headers_to_remove)),
        ];
        for (to_add, to_remove) in levels.into_iter().flatten() {
            change(&mut sent.headers, &seen, to_add, to_remove);
        }
        rewrite(&mut sent, action, weight, matched);
        Some(sent)
    }
}

const HTTP_FAULT: &str = "envoy.filters.http.fault";
const HTTP_CORS: &str = "envoy.filters.http.cors";

/// The client, as far as the proxies before this one are trusted (Envoy 1.40
/// `source/extensions/http/original_ip_detection/xff`).
fn remote(http: &Http, request: &Request, direct: IpAddr) -> IpAddr {
    let forwarded = request.header("x-forwarded-for").unwrap_or_default();
    let mut from_last = forwarded.rsplit(',').map(str::trim);
    let hop = match (http.is_edge, http.trusted_hops) {
        (true, 0) => None,
        (true, hops) => from_last.nth(hops - 1),
        (false, hops) => from_last.nth(hops),
    };
    hop.and_then(|text| text.parse().ok()).unwrap_or(direct)
}

fn scheme(http: &Http, request: &Request, tls: bool) -> String {
    match request.headers.get("x-forwarded-proto") {
        Some(scheme @ ("http" | "https")) if !http.is_edge => scheme.to_owned(),
        _ => if tls { "https" } else { "http" }.to_owned(),
    }
}

/// The path that routes are chosen by; an answer if Envoy does not take it.
fn path(http: &Http, path: &str) -> Result<String, Answer> {
    let refused = || Answer::new(400, "", By::Path);
    if path.contains('#') {
        return Err(refused());
    }
    let mut path = Cow::Borrowed(path);
    if http.normalizes {
        path = Cow::Owned(normalize(&path).ok_or_else(refused)?);
    }
    let bare = path.split('?').next().unwrap_or_default().to_ascii_lowercase();
    if ["%2f", "%5c"].iter().any(|slash| bare.contains(slash)) {
        let (own, query) = path.split_at(path.find('?').unwrap_or(path.len()));
        let unescaped = || {
            let own = own.replace("%2F", "/").replace("%2f", "/").replace("%5C", "\\").replace("%5c", "\\");
            format!("{own}{query}")
        };
        match http.escaped_slashes {
            PathWithEscapedSlashesAction::RejectRequest => return Err(refused()),
            PathWithEscapedSlashesAction::UnescapeAndRedirect => {
                let answer = Answer { location: Some(unescaped()), ..Answer::new(307, "", By::Path) };
                return Err(answer);
            }
            PathWithEscapedSlashesAction::UnescapeAndForward => path = Cow::Owned(unescaped()),
            _ => {}
        }
    }
    Ok(if http.merges_slashes { merge_slashes(&path) } else { path.into_owned() })
}

impl Tracer {
    /// What the proxy offers by ALPN to an upstream of a target.
    pub fn offered(&self, decision: &Decision<'_>, target: &Target<'_>, upstream: &Upstream<'_>) -> Vec<String> {
        let own = upstream.tls.and_then(|tls| tls.common_tls_context.as_ref());
        let own = own.map_or(Vec::new(), |context| context.alpn_protocols.clone());
        let server =
            self.servers.iter().find(|server| decision.listener.is_some_and(|own| std::ptr::eq(own, &server.listener)));
        let chain = server.and_then(|server| server.chains.get(decision.chain.as_ref()?.index));
        let http = chain.and_then(|chain| {
            chain.filters.iter().find_map(|filter| if let NetworkStep::Http(http) = filter { Some(http) } else { None })
        });
        let (Some(http), Some(cluster), Some(request)) = (http, target.cluster, &target.request) else { return own };
        // The filter acts only on connections that are meant for the mesh.
        let of_mesh = own.iter().any(|protocol| protocol == "istio");
        match http.alpn(version(cluster, request.version)).filter(|_| of_mesh) {
            Some(offered) => offered.to_vec(),
            None => own,
        }
    }
}
