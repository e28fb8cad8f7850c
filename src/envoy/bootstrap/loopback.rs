//! A bootstrap that serves on 127.0.0.1, where nothing redirects connections to Envoy.

use std::collections::{BTreeMap, BTreeSet};
use std::mem::take;
use std::net::{IpAddr, SocketAddr};

use crate::envoy::any::Any;
use crate::envoy::cluster::{Cluster, Discovery, DiscoveryType, LbConfig};
use crate::envoy::core::{Address, CidrRange, SocketAddress, TrafficDirection};
use crate::envoy::endpoint::{ClusterLoadAssignment, Endpoint, LbEndpoint, LocalityLbEndpoints};
use crate::envoy::listener::{FilterChain, Listener, ListenerFilter, ListenerPredicate};

use super::message::StaticResources;
use super::references::clusters_mut;

const LOOPBACK: &str = "127.0.0.1";

/// Listeners are bound to ports of their own on 127.0.0.1, and keep their names.
///
/// Nothing tells Envoy the original destination of a connection. What depends on it becomes fixed:
/// - A listener whose chains differ by destination becomes one listener for each, named for it: `virtualInbound_8080`,
///   `0.0.0.0_6379_192.0.2.0/24`; and one with the listener's name for all other destinations.
/// - An inbound `ORIGINAL_DST` cluster leads to its port on 127.0.0.1, where the application is.
/// - Where a listener is for one destination, an `ORIGINAL_DST` cluster behind it leads there. It is a cluster of its own,
///   named `<cluster>@<address>:<port>`.
/// - Other `ORIGINAL_DST` clusters, such as `PassthroughCluster`, take the destination of a request from the header
///   `x-envoy-original-dst-host: <address>:<port>`. There is no such way for TCP.
#[derive(Clone, Debug, Default)]
pub struct Loopback {
    /// The ports of listeners, by the name that they have in the bootstrap.
    pub ports: BTreeMap<String, u16>,
    /// The port of the first of the other listeners; the rest follow in the order of the bootstrap. With 0, the operating
    /// system chooses them, and Envoy's admin interface tells them at `/listeners`.
    pub first_port: u16,
    /// The ports on 127.0.0.1 that stand for endpoints such as `10.0.0.7:8080` or `example.com:443`. Others keep their
    /// address. The application behind the proxy itself is `127.0.0.1:<port>`.
    pub endpoints: BTreeMap<String, u16>,
    /// The same for what is not on 127.0.0.1.
    pub upstreams: BTreeMap<String, SocketAddr>,
    /// Endpoints that have no proxy before them, and get plain text where others get the mutual TLS of the mesh.
    pub bare: BTreeSet<String>,
    /// Where listeners are bound instead of 127.0.0.1.
    pub address: Option<IpAddr>,
}

/// A listener of [`Bind::Loopback`](super::Bind), and what a client connects to who means it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entrance {
    pub listener: String,
    /// Whether connections come from elsewhere to the workload of the proxy.
    pub inbound: bool,
    /// `None` is any.
    pub port: Option<u16>,
    /// An address and the length of its prefix; `None` is any.
    pub network: Option<(IpAddr, u8)>,
    /// Whether it is for what no other listener is for.
    pub catch_all: bool,
}

impl Loopback {
    /// For a bootstrap that was not made here: what waits for redirected connections is taken apart as above; listeners
    /// that clients connect to are only bound elsewhere.
    pub(super) fn apply_to_file(&self, resources: &mut StaticResources) {
        let (listeners, clusters) = (take(&mut resources.listeners), take(&mut resources.clusters));
        if needs_redirection(&listeners) {
            (resources.listeners, resources.clusters) = self.apply(listeners, clusters);
            return;
        }
        resources.clusters = clusters.into_iter().map(|cluster| self.redirect(cluster)).collect();
        resources.listeners = listeners;
        for listener in &mut resources.listeners {
            if let Some(Address::SocketAddress(socket)) = &mut listener.address {
                // What is on this machine alone already stays where it is.
                if !socket.address.parse().is_ok_and(|address: IpAddr| address.is_loopback()) {
                    socket.address = self.bind_address();
                }
                socket.port_value = self.ports.get(&listener.name).map(|port| u32::from(*port)).or(socket.port_value);
            }
        }
    }

    fn bind_address(&self) -> String {
        self.address.map_or_else(|| LOOPBACK.to_owned(), |address| address.to_string())
    }

    pub(super) fn apply(&self, listeners: Vec<Listener>, clusters: Vec<Cluster>) -> (Vec<Listener>, Vec<Cluster>) {
        let mut listeners: Vec<_> = listeners.into_iter().flat_map(split).collect();
        let fixed = fix_destinations(&mut listeners, &clusters);
        self.bind(&mut listeners);
        let clusters = clusters.into_iter().map(without_destination).chain(fixed);
        (listeners, clusters.map(|cluster| self.redirect(cluster)).collect())
    }

    fn bind(&self, listeners: &mut [Listener]) {
        let taken: BTreeSet<u32> = self.ports.values().copied().map(u32::from).collect();
        let mut next = u32::from(self.first_port);
        for listener in listeners {
            let port = self.ports.get(&listener.name).copied().map(u32::from).unwrap_or_else(|| {
                while next != 0 && taken.contains(&next) {
                    next += 1;
                }
                let port = next;
                next += u32::from(port != 0);
                port
            });
            bind(listener, &self.bind_address(), port);
        }
    }

    /// Endpoints that a port on 127.0.0.1 stands for lead there.
    fn redirect(&self, mut cluster: Cluster) -> Cluster {
        cluster.upstream_bind_config = None;
        let localities = cluster.load_assignment.iter_mut().flat_map(|endpoints| &mut endpoints.endpoints);
        for endpoint in localities.flat_map(|locality| &mut locality.lb_endpoints) {
            let address = endpoint.endpoint.as_mut().and_then(|endpoint| endpoint.address.as_mut());
            let Some(Address::SocketAddress(socket)) = address else { continue };
            let name = format!("{}:{}", socket.address, socket.port_value.unwrap_or_default());
            if let (true, Some(metadata)) = (self.bare.contains(&name), &mut endpoint.metadata) {
                metadata.filter_metadata.remove("envoy.transport_socket_match");
            }
            if let Some(port) = self.endpoints.get(&name) {
                *socket = SocketAddress::new(LOOPBACK, u32::from(*port));
            } else if let Some(upstream) = self.upstreams.get(&name) {
                *socket = SocketAddress::new(upstream.ip().to_string(), u32::from(upstream.port()));
            }
        }
        cluster
    }
}

/// Whether some listener gets no connections of its own.
fn needs_redirection(listeners: &[Listener]) -> bool {
    listeners.iter().any(|listener| listener.bind_to_port == Some(false) || listener.use_original_dst == Some(true))
}

/// Of listeners in a file.
pub(super) fn entrances_of_file(listeners: &[Listener]) -> Vec<Entrance> {
    if needs_redirection(listeners) {
        return entrances(listeners.to_vec());
    }
    let port = |listener: &Listener| match &listener.address {
        Some(Address::SocketAddress(socket)) => socket.port_value?.try_into().ok().filter(|port| *port != 0),
        _ => None,
    };
    let entrance = |listener: &Listener| Entrance {
        listener: listener.name.clone(),
        inbound: false,
        port: port(listener),
        network: None,
        catch_all: false,
    };
    listeners.iter().map(entrance).collect()
}

/// The listeners that there will be, in their order.
pub(super) fn entrances(listeners: Vec<Listener>) -> Vec<Entrance> {
    listeners
        .into_iter()
        .flat_map(|listener| destinations(&listener).map(|own| own.entrance(&listener)).collect::<Vec<_>>())
        .collect()
}

fn bind(listener: &mut Listener, address: &str, port: u32) {
    listener.address = Some(Address::socket(address, port));
    listener.bind_to_port = None;
    listener.use_original_dst = None;
    listener.transparent = None;
    let restores = |config: &Option<Any>| matches!(config, Some(Any::OriginalDst(_) | Any::OriginalSrc(_)));
    listener.listener_filters.retain(|filter| !restores(&filter.typed_config));
}

/// What a filter chain asks of the destination of a connection. `None` is any.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Destination {
    port: Option<u32>,
    /// An address and the length of its prefix.
    network: Option<(String, u32)>,
}

impl Destination {
    /// A chain for several networks has as many destinations.
    fn all_of(chain: &FilterChain) -> Vec<Self> {
        let Some(matched) = &chain.filter_chain_match else { return vec![Self::default()] };
        let port = matched.destination_port;
        if matched.prefix_ranges.is_empty() {
            return vec![Self { port, network: None }];
        }
        let network = |range: &CidrRange| Some((range.address_prefix.clone(), range.prefix_len.unwrap_or_default()));
        matched.prefix_ranges.iter().map(|range| Self { port, network: network(range) }).collect()
    }

    /// How clients get to [`Self::piece_of`] the listener.
    fn entrance(&self, listener: &Listener) -> Entrance {
        let piece = self.piece_of(&Listener { filter_chains: Vec::new(), ..listener.clone() });
        let socket = match &piece.address {
            Some(Address::SocketAddress(socket)) => Some(socket),
            _ => None,
        };
        let written = self
            .network
            .as_ref()
            .and_then(|(address, length)| Some((address.parse().ok()?, u8::try_from(*length).ok()?)));
        let own = || {
            let address: IpAddr = socket?.address.parse().ok()?;
            (!address.is_unspecified()).then_some((address, if address.is_ipv4() { 32 } else { 128 }))
        };
        let catch_all = matches!(listener.name.as_str(), "virtualOutbound" | "virtualInbound") && self.port.is_none();
        Entrance {
            inbound: listener.traffic_direction == TrafficDirection::Inbound,
            port: socket.and_then(|socket| socket.port_value?.try_into().ok()).filter(|_| !catch_all),
            network: written.or_else(own),
            catch_all,
            listener: piece.name,
        }
    }

    /// The listener that serves this destination alone. Its address is that of the destination, if that is only one.
    fn piece_of(&self, listener: &Listener) -> Listener {
        let mut piece = listener.clone();
        piece.filter_chains.retain(|chain| Self::all_of(chain).contains(self));
        for matched in piece.filter_chains.iter_mut().filter_map(|chain| chain.filter_chain_match.as_mut()) {
            matched.destination_port = None;
            matched.prefix_ranges.clear();
        }
        if let Some(port) = self.port {
            piece.name += &format!("_{port}");
            let filters = piece.listener_filters.into_iter();
            piece.listener_filters = filters.filter_map(|filter| enabled_at(filter, port)).collect();
        }
        if let Some((address, length)) = &self.network {
            piece.name += &format!("_{address}/{length}");
        }
        if let Some(Address::SocketAddress(socket)) = &mut piece.address {
            socket.port_value = self.port.or(socket.port_value);
            match &self.network {
                Some((address, length)) if is_one_address(address, *length) => socket.address = address.clone(),
                Some(_) => socket.address = "0.0.0.0".to_owned(),
                None => {}
            }
        }
        piece
    }
}

fn is_one_address(address: &str, length: u32) -> bool {
    address.parse().is_ok_and(|address: IpAddr| length == if address.is_ipv4() { 32 } else { 128 })
}

/// One listener for each destination that the chains ask for. Envoy, too, looks at nothing but the chains for the port of
/// a connection if there are any, and among them at the narrowest network.
fn split(listener: Listener) -> Vec<Listener> {
    destinations(&listener).map(|destination| destination.piece_of(&listener)).collect()
}

/// Any other destination comes last.
fn destinations(listener: &Listener) -> impl Iterator<Item = Destination> + use<> {
    let mut destinations: BTreeSet<_> = listener.filter_chains.iter().flat_map(Destination::all_of).collect();
    let any = Destination::default();
    let has_rest = destinations.remove(&any) || listener.default_filter_chain.is_some();
    destinations.into_iter().chain(has_rest.then_some(any))
}

/// The filter without its condition, if it is not disabled for this destination port.
fn enabled_at(filter: ListenerFilter, port: u32) -> Option<ListenerFilter> {
    let disabled = filter.filter_disabled.as_ref().is_some_and(|predicate| holds_at(predicate, port));
    (!disabled).then(|| ListenerFilter { filter_disabled: None, ..filter })
}

fn holds_at(predicate: &ListenerPredicate, port: u32) -> bool {
    match predicate {
        ListenerPredicate::OrMatch(set) => set.rules.iter().any(|rule| holds_at(rule, port)),
        ListenerPredicate::AndMatch(set) => set.rules.iter().all(|rule| holds_at(rule, port)),
        ListenerPredicate::NotMatch(rule) => !holds_at(rule, port),
        ListenerPredicate::AnyMatch(any) => *any,
        ListenerPredicate::DestinationPortRange(range) => {
            i64::from(range.start) <= i64::from(port) && i64::from(port) < i64::from(range.end)
        }
        ListenerPredicate::Other(_) => false,
    }
}

/// Makes listeners for one destination lead to clusters with that destination, and returns those clusters.
fn fix_destinations(listeners: &mut [Listener], clusters: &[Cluster]) -> Vec<Cluster> {
    let redirected: BTreeMap<_, _> =
        clusters.iter().filter(|cluster| is_redirected(cluster)).map(|cluster| (&cluster.name, cluster)).collect();
    let mut fixed = BTreeMap::new();
    for listener in listeners {
        let Some(SocketAddress { address, port_value, .. }) = only_destination(listener).cloned() else { continue };
        let port = port_value.unwrap_or_default();
        for name in clusters_mut(listener) {
            let Some(&cluster) = redirected.get(name) else { continue };
            *name += &format!("@{address}:{port}");
            let named = Cluster { name: name.clone(), ..cluster.clone() };
            fixed.insert(name.clone(), with_destination(named, &address, port));
        }
    }
    fixed.into_values().collect()
}

fn is_redirected(cluster: &Cluster) -> bool {
    matches!(cluster.discovery, Some(Discovery::Type(DiscoveryType::OriginalDst)))
}

fn only_destination(listener: &Listener) -> Option<&SocketAddress> {
    let Some(Address::SocketAddress(socket)) = &listener.address else { return None };
    let address: IpAddr = socket.address.parse().ok()?;
    (!address.is_unspecified() && !address.is_loopback()).then_some(socket)
}

fn without_destination(mut cluster: Cluster) -> Cluster {
    if !is_redirected(&cluster) {
        return cluster;
    }
    if let Some(port) = application_port(&cluster) {
        return with_destination(cluster, LOOPBACK, port);
    }
    let mut config = match cluster.lb_config.take() {
        Some(LbConfig::OriginalDstLbConfig(config)) => config,
        _ => Default::default(),
    };
    config.use_http_header = true;
    cluster.lb_config = Some(LbConfig::OriginalDstLbConfig(config));
    cluster
}

/// The port of an inbound cluster: `inbound|8080||`.
fn application_port(cluster: &Cluster) -> Option<u32> {
    cluster.name.strip_prefix("inbound|")?.split('|').next()?.parse().ok()
}

fn with_destination(cluster: Cluster, address: &str, port: u32) -> Cluster {
    let address = Some(Address::socket(address, port));
    let endpoint = LbEndpoint { endpoint: Some(Endpoint { address, ..Default::default() }), ..Default::default() };
    let locality = LocalityLbEndpoints { lb_endpoints: vec![endpoint], ..Default::default() };
    let cluster_name = cluster.name.clone();
    let endpoints = ClusterLoadAssignment { cluster_name, endpoints: vec![locality], ..Default::default() };
    Cluster {
        discovery: Some(Discovery::Type(DiscoveryType::Static)),
        lb_policy: Default::default(),
        lb_config: None,
        cleanup_interval: None,
        load_assignment: Some(endpoints),
        ..cluster
    }
}
