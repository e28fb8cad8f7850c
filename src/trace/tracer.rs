//! A configuration that is ready to be asked what it does with calls.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::envoy::Config;
use crate::envoy::cluster::Cluster;
use crate::envoy::endpoint::ClusterLoadAssignment;
use crate::envoy::listener::Listener;
use crate::envoy::network_filter::{TcpClusterSpecifier, TcpProxy};

use super::answer::{Answer, By};
use super::call::{Call, Request};
use super::decision::{ChainChoice, Closed, Decision, Forward, Outcome, Step, Target};
use super::effect;
use super::filters::{Chain, Http, HttpStep, NetworkStep, Routers};
use super::jwt::AbsentKeys;
use super::listener::{Inspected, choose};
use super::router::Router;
use super::taken::{Choice, Taken};
use super::upstream::{Upstream, by_name, upstreams, version};
use super::walk::{Stop, Walk};

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

impl Tracer {
    pub fn new(config: Config) -> Self {
        let routers: Routers =
            config.routes.into_iter().map(|routes| (routes.name.clone(), Arc::new(Router::new(routes)))).collect();
        let servers: Vec<_> = config.listeners.into_iter().map(|listener| Server::new(listener, &routers)).collect();
        let at = |name: &str| servers.iter().position(|server| server.listener.name == name);
        let mut by_address = FxHashMap::default();
        for (index, server) in servers.iter().enumerate() {
            if let Some(address) = server.listener.socket_address() {
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

    /// The keys of issuers that somebody has to bring.
    pub fn absent_keys(&self) -> impl Iterator<Item = &Arc<AbsentKeys>> {
        let filters = self.servers.iter().flat_map(|server| &server.chains).flat_map(|chain| &chain.filters);
        let http = filters.filter_map(|filter| if let NetworkStep::Http(http) = filter { Some(http) } else { None });
        let tokens = http.flat_map(|http| &http.filters).filter_map(|filter| match &filter.step {
            HttpStep::Tokens(tokens) => Some(tokens),
            _ => None,
        });
        tokens.flat_map(|tokens| tokens.absent_keys())
    }

    /// Where a target of a decision leads to.
    pub fn upstreams(&self, decision: &Decision<'_>, target: &Target<'_>) -> Vec<Upstream<'_>> {
        let Some(cluster) = self.clusters.get(target.name) else { return Vec::new() };
        let Some(members) = cluster.members() else { return self.upstreams_of(cluster, decision, target) };
        let mut all = Vec::new();
        for member in members.into_iter().filter_map(|name| self.clusters.get(name)) {
            // The priorities of later members come after those of earlier ones.
            let before = all.iter().map(|upstream: &Upstream<'_>| upstream.priority + 1).max().unwrap_or_default();
            let own = self.upstreams_of(member, decision, target).into_iter();
            all.extend(own.map(|upstream| Upstream { priority: before + upstream.priority, ..upstream }));
        }
        all
    }

    fn upstreams_of<'c>(
        &'c self,
        cluster: &'c Cluster,
        decision: &Decision<'_>,
        target: &Target<'_>,
    ) -> Vec<Upstream<'c>> {
        let connection = &decision.call.connection;
        let name = match &target.request {
            Some(request) => Some(request.authority.as_str()),
            None => connection.tls.as_ref().and_then(|tls| tls.server_name.as_deref()),
        };
        if let Some(upstream) = name.and_then(|name| by_name(cluster, name, connection.destination.port())) {
            return vec![upstream];
        }
        let service = cluster.eds_cluster_config.as_ref().map(|config| config.service_name.as_str());
        let name = service.filter(|name| !name.is_empty()).unwrap_or(&cluster.name);
        upstreams(cluster, self.endpoints.get(name).map(Arc::as_ref), connection.destination)
    }

    /// What happens to a call, step by step.
    pub fn decide(&self, call: Call, way: Way) -> Decision<'_> {
        let Some(index) = self.server(call.connection.destination, way) else {
            return Decision::closed(call, Closed::NoListener);
        };
        let server = &self.servers[index];
        let inspected = Inspected::new(&server.listener, &call);
        let Some((index, chain)) = self.chain(index, &inspected) else {
            let decision = Decision::closed(call, Closed::NoChain);
            return Decision { listener: Some(&server.listener), inspected: Some(inspected), ..decision };
        };
        let Call { connection, mut request } = call;
        let mut walk = Walk::new(&connection, &inspected, chain);
        let outcome = self.through(&mut walk, chain, &mut request);
        let Walk { identity, remote, request: served, metadata, steps, routing, .. } = walk;
        Decision {
            listener: Some(&server.listener),
            chain: Some(ChainChoice::new(&server.listener, index)),
            steps,
            routing,
            outcome,
            metadata,
            identity: identity.map(str::to_owned),
            remote,
            call: Call { request: served.or(request), connection },
            inspected: Some(inspected),
        }
    }

    /// Walks to the end. Services agree, and of faults happens what happens to every request.
    fn through<'t>(&'t self, walk: &mut Walk<'t, '_>, chain: &'t Chain, request: &mut Option<Request>) -> Outcome<'t> {
        loop {
            match walk.connect(chain) {
                Stop::Ask(_) | Stop::Unknown(..) | Stop::Fault(..) => {}
                Stop::Tcp(proxy) => return Outcome::Connect(self.connect(proxy)),
                Stop::Http(http) => {
                    return match request.take() {
                        Some(request) => self.serve(walk, http, request),
                        None => Outcome::Closed(Closed::NotHttp),
                    };
                }
                Stop::Answer(answer) => return Outcome::Answer(answer),
                Stop::Closed(reason) => return Outcome::Closed(reason),
                Stop::Route(taken) => return self.forward(walk, &taken),
            }
        }
    }

    fn serve<'t>(&'t self, walk: &mut Walk<'t, '_>, http: &'t Http, request: Request) -> Outcome<'t> {
        if let Some(answer) = walk.arrive(http, request) {
            return Outcome::Answer(answer);
        }
        loop {
            match walk.serve(http) {
                Stop::Ask(_) | Stop::Http(_) | Stop::Tcp(_) => {}
                Stop::Unknown(..) => {
                    let config = if let Some(Step::Other(_, config)) = walk.steps.last() { *config } else { None };
                    if let (Some(config), Some(request)) = (config, &mut walk.request) {
                        effect::apply(config, request);
                    }
                }
                Stop::Fault(_, fault) => {
                    if let Some(answer) = fault.answer() {
                        return Outcome::Answer(answer);
                    }
                }
                Stop::Answer(answer) => return Outcome::Answer(answer),
                Stop::Closed(reason) => return Outcome::Closed(reason),
                Stop::Route(taken) => return self.forward(walk, &taken),
            }
        }
    }

    fn forward<'t>(&'t self, walk: &Walk<'t, '_>, taken: &Taken<'t>) -> Outcome<'t> {
        let Some(request) = &walk.request else { return Outcome::Closed(Closed::NotHttp) };
        let target = |choice: Choice<'t>| Target {
            name: choice.cluster,
            weight: choice.weight,
            total: choice.total,
            cluster: self.cluster(choice.cluster),
            chosen: choice.chosen,
            request: Some(taken.sent(request, walk.connection.source, choice.chosen)),
        };
        let targets: Vec<_> = taken.choices(request, self).into_iter().map(target).collect();
        match targets.as_slice() {
            [] => Outcome::Answer(Answer::new(503, "", By::NoCluster)),
            [only] if only.cluster.is_none() => Outcome::Answer(taken.without_cluster()),
            _ => Outcome::Forward(Box::new(Forward { action: taken.action, targets, retry: taken.retry() })),
        }
    }

    fn connect<'t>(&'t self, proxy: &'t TcpProxy) -> Vec<Target<'t>> {
        let target = |name: &'t str, weight, total| Target {
            name,
            weight,
            total,
            cluster: self.cluster(name),
            chosen: None,
            request: None,
        };
        match &proxy.cluster_specifier {
            Some(TcpClusterSpecifier::Cluster(name)) => vec![target(name, 1, 1)],
            Some(TcpClusterSpecifier::WeightedClusters(weighted)) => {
                let total = weighted.clusters.iter().map(|cluster| cluster.weight).sum();
                weighted.clusters.iter().map(|cluster| target(&cluster.name, cluster.weight, total)).collect()
            }
            None => Vec::new(),
        }
    }

    /// A listener by its place in the configuration, and its chains; the default chain comes after all others.
    pub fn listener(&self, index: usize) -> Option<(&Listener, &[Chain])> {
        self.servers.get(index).map(|server| (&server.listener, &server.chains[..]))
    }

    /// The chain of a listener that takes a connection, and its position.
    pub fn chain(&self, listener: usize, inspected: &Inspected) -> Option<(usize, &Chain)> {
        let server = self.servers.get(listener)?;
        let index = choose(&server.listener, inspected)?;
        Some((index, server.chains.get(index)?))
    }

    /// What the proxy offers by ALPN to an upstream of a target.
    pub fn offered(&self, decision: &Decision<'_>, target: &Target<'_>, upstream: &Upstream<'_>) -> Vec<String> {
        let own = upstream.tls.and_then(|tls| tls.common_tls_context.as_ref());
        let own = own.map_or(Vec::new(), |context| context.alpn_protocols.clone());
        let server =
            self.servers.iter().find(|server| decision.listener.is_some_and(|own| std::ptr::eq(own, &server.listener)));
        let chain = server.and_then(|server| server.chains.get(decision.chain.as_ref()?.index));
        let http = chain.and_then(Chain::http);
        let (Some(http), Some(cluster), Some(request)) = (http, target.cluster, &target.request) else { return own };
        // The filter acts only on connections that are meant for the mesh.
        let of_mesh = own.iter().any(|protocol| protocol == "istio");
        match http.alpn(version(cluster, request.version)).filter(|_| of_mesh) {
            Some(offered) => offered.to_vec(),
            None => own,
        }
    }

    /// The listener of exactly this address, else that of the port on all addresses.
    fn server(&self, destination: SocketAddr, way: Way) -> Option<usize> {
        let wildcard = match destination.ip() {
            IpAddr::V4(_) => IpAddr::from([0; 4]),
            IpAddr::V6(_) => IpAddr::from([0; 16]),
        };
        let of = |ip: IpAddr| self.by_address.get(&SocketAddr::new(ip, destination.port())).copied();
        match way {
            Way::Outbound => of(destination.ip()).or_else(|| of(wildcard)).or(self.catch_all),
            Way::Inbound => self.inbound.or_else(|| of(destination.ip())).or_else(|| of(wildcard)),
        }
    }
}

impl Server {
    fn new(listener: Listener, routers: &Routers) -> Self {
        Self { chains: listener.chains().map(|chain| Chain::new(chain, routers)).collect(), listener }
    }
}
