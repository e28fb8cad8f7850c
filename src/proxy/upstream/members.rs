//! The hosts of a cluster, as its load assignment lists them.

use std::path::PathBuf;
use std::sync::Arc;

use crate::envoy::cluster::Cluster;
use crate::envoy::core::Address as ConfiguredAddress;
use crate::envoy::endpoint::LbEndpoint;

use super::host::{Address, Host};

pub(super) fn static_hosts(cluster: &Cluster, workers: usize) -> Vec<Arc<Host>> {
    let places = cluster.load_assignment.iter().flat_map(|assignment| &assignment.endpoints);
    places
        .flat_map(|place| place.lb_endpoints.iter().map(move |endpoint| (place, endpoint)))
        .filter_map(|(place, endpoint)| {
            let mut host = Host::new(address(endpoint)?, workers);
            host.priority = place.priority;
            host.locality = Arc::new(place.locality.clone().unwrap_or_default());
            host.weight = endpoint.load_balancing_weight.unwrap_or(1);
            host.health = endpoint.health_status;
            host.metadata = endpoint.metadata.clone().map(Arc::new);
            host.hostname = endpoint.endpoint.as_ref()?.hostname.clone();
            Some(Arc::new(host))
        })
        .collect()
}

fn address(endpoint: &LbEndpoint) -> Option<Address> {
    match endpoint.endpoint.as_ref()?.address.as_ref()? {
        ConfiguredAddress::SocketAddress(socket) => {
            let port = u16::try_from(socket.port_value.unwrap_or_default()).ok()?;
            Some(Address::Socket((socket.address.parse::<std::net::IpAddr>().ok()?, port).into()))
        }
        ConfiguredAddress::Pipe(pipe) => Some(Address::Pipe(PathBuf::from(&pipe.path))),
        ConfiguredAddress::Other(_) => None,
    }
}
