//! Where everything of a scene is on this machine.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::{IpAddr, SocketAddr};

use crate::envoy::Config;
use crate::envoy::bootstrap::{Entrance, Loopback};
use crate::envoy::core::Address;
use crate::envoy::endpoint::ClusterLoadAssignment;
use crate::translate::{Backend, ProxyKind};

use super::ports::Ports;
use super::scene::{Member, Scene, Source};

/// A listener, and where clients reach it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Door {
    /// The key of the proxy.
    pub proxy: String,
    pub entrance: Entrance,
    pub address: SocketAddr,
}

/// A scene on this machine.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// In the order of the proxies and their listeners.
    pub doors: Vec<Door>,
    /// The applications that are needed, by `address:port`, with the subsets that they belong to.
    pub applications: BTreeMap<String, (Backend, BTreeSet<String>)>,
    /// By the keys of their proxies, the endpoints in the configuration: what each is.
    pub endpoints: BTreeMap<String, BTreeMap<String, Place>>,
}

/// What is at an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Another proxy of the scene.
    Proxy(SocketAddr),
    /// An application, by its `address:port` in the mesh.
    Application(String),
}

impl Plan {
    pub fn new(scene: &Scene, ports: &mut Ports, address: IpAddr) -> io::Result<Self> {
        let doors = doors(scene, ports, address)?;
        let servers = servers(scene, &doors);
        let subsets = subsets(scene);
        let mut plan = Self { doors, ..Self::default() };
        for member in &scene.members {
            let endpoints = endpoints(member, scene).into_iter().map(|endpoint| {
                let place = place(member, &endpoint, &servers);
                (endpoint, place)
            });
            let endpoints: BTreeMap<_, _> = endpoints.collect();
            for place in endpoints.values() {
                let Place::Application(at) = place else { continue };
                plan.applications.entry(at.clone()).or_insert_with(|| {
                    let backend = scene.backends.get(at).cloned().unwrap_or_else(|| of_nobody(member, at));
                    (backend, subsets.get(at).cloned().unwrap_or_default())
                });
            }
            plan.endpoints.insert(member.key.clone(), endpoints);
        }
        Ok(plan)
    }

    /// How the configuration of a proxy is changed for this machine. `applications` tells where those of the plan are.
    pub fn loopback(&self, key: &str, address: IpAddr, applications: &BTreeMap<String, SocketAddr>) -> Loopback {
        let own = self.doors.iter().filter(|door| door.proxy == key);
        let endpoints = self.endpoints.get(key).into_iter().flatten();
        let upstreams = endpoints.filter_map(|(endpoint, place)| {
            let address = match place {
                Place::Proxy(address) => *address,
                Place::Application(at) => *applications.get(at)?,
            };
            Some((endpoint.clone(), address))
        });
        Loopback {
            ports: own.map(|door| (door.entrance.listener.clone(), door.address.port())).collect(),
            upstreams: upstreams.collect(),
            address: Some(address),
            ..Loopback::default()
        }
    }
}

/// What clients of a workload or gateway connect to chooses its ports first.
fn doors(scene: &Scene, ports: &mut Ports, address: IpAddr) -> io::Result<Vec<Door>> {
    let all: Vec<_> = scene
        .members
        .iter()
        .flat_map(|member| member.entrances().into_iter().map(move |entrance| (member, entrance)))
        .collect();
    let gateways_first = |member: &Member| member.spec.r#type != ProxyKind::Router;
    let mut by_claim: Vec<_> = all.iter().collect();
    by_claim.sort_by_key(|(member, entrance)| (entrance.catch_all, entrance.inbound, gateways_first(member)));
    for (member, entrance) in by_claim {
        let leading = member.service_ports.iter().filter(|(_, listening)| entrance.port == Some(**listening));
        let others: Vec<_> = leading.map(|(port, _)| *port).collect();
        ports.choose(&member.key, entrance, &others)?;
    }
    let door = |(member, entrance): (&Member, Entrance)| {
        let port = ports.get(&member.key, &entrance.listener)?;
        Some(Door { proxy: member.key.clone(), entrance, address: SocketAddr::new(address, port) })
    };
    Ok(all.into_iter().filter_map(door).collect())
}

/// The proxies that take what is sent to pods, by `address:port`.
fn servers(scene: &Scene, doors: &[Door]) -> BTreeMap<String, SocketAddr> {
    let mut servers = BTreeMap::new();
    if !scene.is_mesh {
        return servers;
    }
    for member in &scene.members {
        let takes = |door: &&Door| {
            door.proxy == member.key && (door.entrance.inbound || member.spec.r#type == ProxyKind::Router)
        };
        for door in doors.iter().filter(takes) {
            if let Some(port) = door.entrance.port {
                servers.insert(format!("{}:{port}", member.spec.ip), door.address);
            }
        }
    }
    servers
}

/// What a proxy means by an endpoint.
fn place(member: &Member, endpoint: &str, servers: &BTreeMap<String, SocketAddr>) -> Place {
    match (own_port(endpoint), servers.get(endpoint)) {
        (Some(port), _) => Place::Application(format!("{}:{port}", member.spec.ip)),
        (None, Some(server)) => Place::Proxy(*server),
        (None, None) => Place::Application(endpoint.to_owned()),
    }
}

/// The port of the workload beside the proxy.
fn own_port(endpoint: &str) -> Option<&str> {
    ["127.0.0.1:", "[::1]:", "::1:"].iter().find_map(|own| endpoint.strip_prefix(own))
}

/// Of an address that the files do not know: the workload of the proxy, or nobody.
fn of_nobody(member: &Member, at: &str) -> Backend {
    let is_own = at.rsplit_once(':').is_some_and(|(address, _)| address == member.spec.ip);
    if is_own { member.backend() } else { Backend::default() }
}

/// Every address that clusters of a proxy lead to, as [`Loopback`] names them.
fn endpoints(member: &Member, scene: &Scene) -> BTreeSet<String> {
    let Source::Mesh(config) = &member.source else { return BTreeSet::new() };
    let Config { clusters, endpoints, .. } = &**config;
    let assignments = clusters.iter().filter_map(|cluster| cluster.load_assignment.as_ref());
    let mut found: BTreeSet<_> = assignments.chain(endpoints.iter().map(AsRef::as_ref)).flat_map(addresses).collect();
    // An inbound cluster leads to where the connection was meant for, which becomes its port.
    let inbound = clusters.iter().filter_map(|cluster| cluster.name.strip_prefix("inbound|")?.split('|').next());
    found.extend(inbound.map(|port| format!("127.0.0.1:{port}")));
    // So do outbound clusters behind a listener for one pod, as those of headless services are.
    let single = |entrance: &Entrance| {
        let (address, _) = entrance.network.filter(|_| !entrance.inbound)?;
        let endpoint = format!("{address}:{}", entrance.port?);
        scene.backends.contains_key(&endpoint).then_some(endpoint)
    };
    found.extend(member.entrances().iter().filter_map(single));
    found
}

fn addresses(assignment: &ClusterLoadAssignment) -> Vec<String> {
    let members = assignment.endpoints.iter().flat_map(|locality| &locality.lb_endpoints);
    let sockets = members.filter_map(|member| match member.endpoint.as_ref()?.address.as_ref()? {
        Address::SocketAddress(socket) => Some(socket),
        _ => None,
    });
    sockets.map(|socket| format!("{}:{}", socket.address, socket.port_value.unwrap_or_default())).collect()
}

/// The subsets that endpoints belong to.
fn subsets(scene: &Scene) -> BTreeMap<String, BTreeSet<String>> {
    let mut subsets: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let configs = scene.members.iter().filter_map(|member| match &member.source {
        Source::Mesh(config) => Some(config),
        Source::File(_) => None,
    });
    for assignment in configs.flat_map(|config| &config.endpoints) {
        let parts: Vec<_> = assignment.cluster_name.split('|').collect();
        let &["outbound", _, subset, _] = parts.as_slice() else { continue };
        if !subset.is_empty() {
            for address in addresses(assignment) {
                subsets.entry(address).or_default().insert(subset.to_owned());
            }
        }
    }
    subsets
}
