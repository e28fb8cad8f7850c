//! The hosts of a cluster: listed in its load assignment, or found by DNS for the names listed there.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::envoy::cluster::Cluster;
use crate::envoy::core::{Address as ConfiguredAddress, Locality};
use crate::envoy::endpoint::{LbEndpoint, LocalityLbEndpoints};

use super::host::{Address, Host};
use super::transport::Transports;

/// The hosts of a locality in one priority.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub priority: u32,
    pub locality: Arc<Locality>,
    /// 0 if it has none.
    pub weight: u32,
    pub hosts: Vec<Arc<Host>>,
}

/// What DNS has answered, by name.
pub(super) type Resolved = FxHashMap<String, Vec<IpAddr>>;

/// The names that have to be asked for.
pub(super) fn names(cluster: &Cluster) -> Vec<String> {
    let endpoints = places(cluster).flat_map(|place| &place.lb_endpoints);
    let mut names: Vec<_> = endpoints
        .filter_map(|endpoint| match endpoint.endpoint.as_ref()?.address.as_ref()? {
            ConfiguredAddress::SocketAddress(socket) if socket.address.parse::<IpAddr>().is_err() => {
                Some(socket.address.clone())
            }
            _ => None,
        })
        .collect();
    names.sort();
    names.dedup();
    names
}

/// Hosts that were there before are kept.
pub(super) fn members(
    cluster: &Cluster,
    resolved: &Resolved,
    transports: &Transports,
    workers: usize,
    before: &[Place],
) -> Vec<Place> {
    let known: FxHashMap<&Address, &Arc<Host>> =
        before.iter().flat_map(|place| &place.hosts).map(|host| (&host.address, host)).collect();
    let is_checked = !cluster.health_checks.is_empty();
    let mut made: Vec<Place> = Vec::new();
    for configured in places(cluster) {
        let locality = Arc::new(configured.locality.clone().unwrap_or_default());
        let mut hosts = Vec::new();
        for endpoint in &configured.lb_endpoints {
            for address in addresses(endpoint, resolved) {
                let new = host(address, endpoint, configured, &locality, transports, workers, is_checked);
                let old = known.get(&new.address).filter(|old| old.is_same_as(&new));
                hosts.push(old.map_or_else(|| Arc::new(new), |old| Arc::clone(old)));
            }
        }
        let weight = configured.load_balancing_weight.unwrap_or(0);
        // The same locality may be listed several times.
        match made.iter_mut().find(|own| own.priority == configured.priority && own.locality == locality) {
            Some(own) => {
                own.hosts.extend(hosts);
                own.weight = own.weight.max(weight);
            }
            None => made.push(Place { priority: configured.priority, locality, weight, hosts }),
        }
    }
    made
}

fn places(cluster: &Cluster) -> impl Iterator<Item = &LocalityLbEndpoints> {
    cluster.load_assignment.iter().flat_map(|assignment| &assignment.endpoints)
}

fn host(
    address: Address,
    endpoint: &LbEndpoint,
    place: &LocalityLbEndpoints,
    locality: &Arc<Locality>,
    transports: &Transports,
    workers: usize,
    is_checked: bool,
) -> Host {
    let mut host = Host::new(address, workers);
    host.priority = place.priority;
    host.locality = Arc::clone(locality);
    host.weight = endpoint.load_balancing_weight.unwrap_or(1).max(1);
    host.health = endpoint.health_status;
    host.metadata = endpoint.metadata.clone().map(Arc::new);
    host.transport = transports.of(endpoint.metadata.as_ref());
    host.hostname = hostname(endpoint);
    // Until they have answered, hosts are not well.
    host.set_checks(!is_checked);
    host
}

/// What the endpoint says, else the name that DNS was asked for.
fn hostname(endpoint: &LbEndpoint) -> String {
    let Some(endpoint) = &endpoint.endpoint else { return String::new() };
    if !endpoint.hostname.is_empty() {
        return endpoint.hostname.clone();
    }
    match &endpoint.address {
        Some(ConfiguredAddress::SocketAddress(socket)) if socket.address.parse::<IpAddr>().is_err() => {
            socket.address.clone()
        }
        _ => String::new(),
    }
}

fn addresses(endpoint: &LbEndpoint, resolved: &Resolved) -> Vec<Address> {
    let configured = endpoint.endpoint.as_ref().and_then(|endpoint| endpoint.address.as_ref());
    match configured {
        Some(ConfiguredAddress::SocketAddress(socket)) => {
            let Ok(port) = u16::try_from(socket.port_value.unwrap_or_default()) else { return Vec::new() };
            let at = |ip: IpAddr| Address::Socket(SocketAddr::new(ip, port));
            match socket.address.parse() {
                Ok(ip) => vec![at(ip)],
                Err(_) => resolved.get(&socket.address).into_iter().flatten().copied().map(at).collect(),
            }
        }
        Some(ConfiguredAddress::Pipe(pipe)) => vec![Address::Pipe(PathBuf::from(&pipe.path))],
        Some(ConfiguredAddress::Other(_)) | None => Vec::new(),
    }
}
