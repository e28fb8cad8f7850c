//! A configuration that is ready to be asked what it does with calls.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::envoy::Config;
use crate::envoy::cluster::Cluster;
use crate::envoy::core::Address;
use crate::envoy::endpoint::ClusterLoadAssignment;
use crate::envoy::listener::Listener;

use super::call::Call;
use super::decision::{ChainChoice, Closed, Decision, Target};
use super::filters::{Chain, NetworkStep, Routers};
use super::listener::{Inspected, choose};
use super::router::Router;
use super::upstream::{Upstream, upstreams, version};
use super::walk::Walk;

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
