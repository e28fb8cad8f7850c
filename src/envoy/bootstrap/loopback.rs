//! A bootstrap that serves on 127.0.0.1, where nothing redirects connections to Envoy.

use std::collections::{BTreeMap, BTreeSet};

use crate::envoy::any::Any;
use crate::envoy::cluster::{Cluster, Discovery, DiscoveryType};
use crate::envoy::core::{Address, SocketAddress};
use crate::envoy::endpoint::{ClusterLoadAssignment, Endpoint, LbEndpoint, LocalityLbEndpoints};
use crate::envoy::listener::{FilterChain, Listener, ListenerFilter, ListenerPredicate};

const LOOPBACK: &str = "127.0.0.1";

/// Listeners are bound to ports of their own. A listener whose chains differ by destination port, as `virtualInbound` does,
/// becomes one listener for each port, named `virtualInbound_<port>`, and one for the rest.
///
/// `PassthroughCluster` and chains that are chosen by destination address cannot be reached, since there is no original
/// destination.
#[derive(Clone, Debug, Default)]
pub struct Loopback {
    /// The port of the first listener; the others follow in the order of the bootstrap.
    pub first_port: u16,
    /// The ports on 127.0.0.1 that stand for endpoints such as `10.0.0.7:8080`. Others keep their address. The
    /// application behind the proxy itself is `127.0.0.1:<port>`.
    pub endpoints: BTreeMap<String, u16>,
}

impl Loopback {
    pub(super) fn listeners(&self, listeners: Vec<Listener>) -> Vec<Listener> {
        let split = listeners.into_iter().flat_map(split_by_port);
        split.zip(u32::from(self.first_port)..).map(|(listener, port)| bind(listener, port)).collect()
    }

    pub(super) fn cluster(&self, mut cluster: Cluster) -> Cluster {
        cluster.upstream_bind_config = None;
        if let Some(port) = application_port(&cluster) {
            cluster.discovery = Some(Discovery::Type(DiscoveryType::Static));
            cluster.lb_policy = Default::default();
            cluster.cleanup_interval = None;
            cluster.load_assignment = Some(one_endpoint(&cluster.name, port));
        }
        let localities = cluster.load_assignment.iter_mut().flat_map(|endpoints| &mut endpoints.endpoints);
        for endpoint in localities.flat_map(|locality| &mut locality.lb_endpoints) {
            if let Some(Address::SocketAddress(socket)) =
                endpoint.endpoint.as_mut().and_then(|endpoint| endpoint.address.as_mut())
            {
                self.redirect(socket);
            }
        }
        cluster
    }

    fn redirect(&self, socket: &mut SocketAddress) {
        let name = format!("{}:{}", socket.address, socket.port_value.unwrap_or_default());
        if let Some(port) = self.endpoints.get(&name) {
            *socket = SocketAddress::new(LOOPBACK, u32::from(*port));
        }
    }
}

fn split_by_port(listener: Listener) -> Vec<Listener> {
    let port_of = |chain: &FilterChain| chain.filter_chain_match.as_ref().and_then(|matched| matched.destination_port);
    let ports: BTreeSet<u32> = listener.filter_chains.iter().filter_map(port_of).collect();
    let for_port = |port: Option<u32>| {
        let mut one = listener.clone();
        one.filter_chains.retain(|chain| port_of(chain) == port);
        for matched in one.filter_chains.iter_mut().filter_map(|chain| chain.filter_chain_match.as_mut()) {
            matched.destination_port = None;
        }
        if let Some(port) = port {
            one.name = format!("{}_{port}", one.name);
            one.listener_filters =
                one.listener_filters.into_iter().filter_map(|filter| enabled_at(filter, port)).collect();
        }
        one
    };
    let of_ports: Vec<_> = ports.into_iter().map(|port| for_port(Some(port))).collect();
    let rest = for_port(None);
    let has_rest = !rest.filter_chains.is_empty() || rest.default_filter_chain.is_some();
    of_ports.into_iter().chain(has_rest.then_some(rest)).collect()
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

fn bind(listener: Listener, port: u32) -> Listener {
    let mut listener = Listener {
        address: Some(Address::socket(LOOPBACK, port)),
        bind_to_port: None,
        use_original_dst: None,
        transparent: None,
        ..listener
    };
    let redirected = |config: &Option<Any>| matches!(config, Some(Any::OriginalDst(_) | Any::OriginalSrc(_)));
    listener.listener_filters.retain(|filter| !redirected(&filter.typed_config));
    listener
}

/// The port of the application that an inbound cluster leads to: its original destination.
fn application_port(cluster: &Cluster) -> Option<u32> {
    let original = matches!(cluster.discovery, Some(Discovery::Type(DiscoveryType::OriginalDst)));
    let port = cluster.name.strip_prefix("inbound|")?.split('|').next()?;
    port.parse().ok().filter(|_| original)
}

fn one_endpoint(cluster_name: &str, port: u32) -> ClusterLoadAssignment {
    let address = Some(Address::socket(LOOPBACK, port));
    let endpoint = LbEndpoint { endpoint: Some(Endpoint { address, ..Default::default() }), ..Default::default() };
    let locality = LocalityLbEndpoints { lb_endpoints: vec![endpoint], ..Default::default() };
    ClusterLoadAssignment { cluster_name: cluster_name.to_owned(), endpoints: vec![locality], ..Default::default() }
}
