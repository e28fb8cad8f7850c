//! Which listener, or server, is meant by a name: what DNS and the redirection in a pod would decide.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use ipnet::IpNet;

use crate::finding::nearest;
use crate::translate::{Names, ProxyKind, ProxySpec};

use super::plan::{Door, Plan};
use super::scene::Scene;

/// A scene as clients see it.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    members: Vec<Entry>,
    names: Names,
    /// By `address:port`.
    applications: BTreeMap<String, SocketAddr>,
    /// Workloads that connect directly.
    bare: BTreeSet<String>,
}

#[derive(Clone, Debug)]
struct Entry {
    key: String,
    spec: ProxySpec,
    service_ports: BTreeMap<u16, u16>,
    doors: Vec<Door>,
}

/// How a client gets to something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way {
    pub address: SocketAddr,
    /// What it means, where the address does not tell: the value of `x-envoy-original-dst-host`.
    pub original: Option<SocketAddr>,
}

/// Of servers outside of the mesh (RFC 5737).
const UNKNOWN_SERVER: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 1));

impl Directory {
    pub(super) fn new(scene: &Scene, plan: &Plan, applications: BTreeMap<String, SocketAddr>) -> Self {
        let members = scene.members.iter().map(|member| Entry {
            key: member.key.clone(),
            spec: member.spec.clone(),
            service_ports: member.service_ports.clone(),
            doors: plan.doors.iter().filter(|door| door.proxy == member.key).cloned().collect(),
        });
        let (names, bare) = (scene.names.clone(), scene.bare.clone());
        Self { members: members.collect(), names, applications, bare }
    }

    /// Where someone connects to for a host and port: a workload, by its name; a client of a gateway, by that of the
    /// gateway; or, with no name, a client without a proxy. `namespace` is that of names without one.
    pub fn way(&self, from: Option<&str>, host: &str, port: u16, namespace: &str) -> Result<Way, String> {
        let Some(name) = from else { return self.directly(host, port, namespace) };
        let full = if name.contains('/') { name.to_owned() } else { format!("{namespace}/{name}") };
        if self.bare.contains(&full) {
            let own = full.split('/').next().unwrap_or(namespace);
            return self.directly(host, port, own);
        }
        let entry = self.entry(&full).ok_or_else(|| self.unknown(name, &full))?;
        match entry.spec.r#type {
            ProxyKind::Router => entry.through_gateway(port),
            ProxyKind::Sidecar => self.through_sidecar(entry, host, port),
        }
    }

    fn unknown(&self, name: &str, full: &str) -> String {
        let known = self.members.iter().map(|entry| entry.key.as_str()).chain(self.bare.iter().map(String::as_str));
        match nearest(full, known) {
            Some(near) => format!("no proxy `{name}` runs here: did you mean `{near}`?"),
            None => format!("no proxy `{name}` runs here"),
        }
    }

    fn entry(&self, full: &str) -> Option<&Entry> {
        let of_pod = |entry: &&Entry| format!("{}/{}", entry.spec.namespace, entry.spec.name) == full;
        self.members.iter().find(|entry| entry.key == full).or_else(|| self.members.iter().find(of_pod))
    }

    /// The listener for the address, else that for the port, else that for anything.
    fn through_sidecar(&self, entry: &Entry, host: &str, port: u16) -> Result<Way, String> {
        let looked_up = || {
            let reached = self.names.reach(host, &entry.spec.namespace, port)?;
            reached.addresses.first().copied()
        };
        let ip = host.parse().ok().or_else(looked_up).unwrap_or(UNKNOWN_SERVER);
        let outbound = || entry.doors.iter().filter(|door| !door.entrance.inbound);
        let meant = outbound().filter(|door| door.entrance.port == Some(port) && contains(door.entrance.network, ip));
        if let Some(door) = meant.max_by_key(|door| door.entrance.network.map(|(_, length)| length)) {
            return Ok(Way { address: door.address, original: None });
        }
        let original = Some(SocketAddr::new(ip, port));
        let rest = outbound().find(|door| door.entrance.catch_all);
        let found = rest.map(|door| Way { address: door.address, original });
        found.ok_or_else(|| format!("no listener of `{}` is for {host}:{port}", entry.key))
    }

    /// To the first endpoint: the proxy before it, if one runs here.
    fn directly(&self, host: &str, port: u16, namespace: &str) -> Result<Way, String> {
        let looked_up = || self.names.reach(host, namespace, port)?.endpoints.first().copied();
        let own = host.parse().ok().map(|ip| SocketAddr::new(ip, port));
        let endpoint =
            own.or_else(looked_up).ok_or_else(|| format!("no endpoint of `{host}` on port {port} is in the files"))?;
        let server = self.members.iter().find(|entry| entry.spec.ip == endpoint.ip().to_string());
        let door = server.and_then(|entry| entry.server(endpoint.port())).map(|door| door.address);
        let application = || self.applications.get(&endpoint.to_string()).copied();
        let found = door.or_else(application).map(|address| Way { address, original: None });
        found.ok_or_else(|| format!("nothing that runs here serves {endpoint}"))
    }
}

impl Entry {
    fn through_gateway(&self, port: u16) -> Result<Way, String> {
        let listening = self.service_ports.get(&port).copied().unwrap_or(port);
        let door = self.doors.iter().find(|door| !door.entrance.inbound && door.entrance.port == Some(listening));
        let found = door.map(|door| Way { address: door.address, original: None });
        found.ok_or_else(|| format!("`{}` does not listen on port {port}", self.key))
    }

    /// What takes connections from elsewhere.
    fn server(&self, port: u16) -> Option<&Door> {
        let takes = |door: &&Door| door.entrance.inbound || self.spec.r#type == ProxyKind::Router;
        self.doors.iter().filter(takes).find(|door| door.entrance.port == Some(port))
    }
}

fn contains(network: Option<(IpAddr, u8)>, ip: IpAddr) -> bool {
    network.is_none_or(|(address, length)| IpNet::new(address, length).is_ok_and(|network| network.contains(&ip)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envoy::bootstrap::Entrance;

    fn spec(kind: ProxyKind, ip: &str) -> ProxySpec {
        let value = serde_json::json!({"key": "", "type": kind, "namespace": "demo", "name": "pod", "ip": ip});
        serde_json::from_value(value).unwrap()
    }

    fn door(port: Option<u16>, network: Option<&str>, inbound: bool, at: u16) -> Door {
        let network = network.map(|text| text.parse::<IpNet>().unwrap());
        let network = network.map(|network| (network.addr(), network.prefix_len()));
        let entrance = Entrance { listener: at.to_string(), inbound, port, network, catch_all: port.is_none() };
        Door { proxy: String::new(), entrance, address: SocketAddr::from(([127, 0, 0, 1], at)) }
    }

    fn directory() -> Directory {
        let sidecar = Entry {
            key: "demo/web".to_owned(),
            spec: spec(ProxyKind::Sidecar, "10.0.0.1"),
            service_ports: BTreeMap::new(),
            doors: vec![
                door(Some(80), None, false, 1),
                door(Some(80), Some("10.1.0.0/16"), false, 2),
                door(Some(80), Some("10.1.0.5/32"), false, 3),
                door(None, None, false, 4),
                door(Some(8080), None, true, 5),
            ],
        };
        let gateway = Entry {
            key: "edge/gateway".to_owned(),
            spec: spec(ProxyKind::Router, "10.0.0.2"),
            service_ports: [(80, 8080)].into(),
            doors: vec![door(Some(8080), None, false, 6)],
        };
        let applications = [("10.0.0.9:70".to_owned(), SocketAddr::from(([127, 0, 0, 1], 7)))].into();
        let bare = BTreeSet::from(["demo/bare".to_owned()]);
        Directory { members: vec![sidecar, gateway], names: Names::default(), applications, bare }
    }

    #[test]
    fn the_narrowest_listener_is_meant() {
        let directory = directory();
        let table = [
            (Some("demo/web"), "10.2.0.1", 80, Some((1, false))),
            (Some("web"), "10.1.0.1", 80, Some((2, false))),
            (Some("web"), "10.1.0.5", 80, Some((3, false))),
            (Some("web"), "10.1.0.5", 81, Some((4, true))),
            (Some("web"), "unknown.test", 80, Some((1, false))),
            (Some("demo/pod"), "unknown.test", 81, Some((4, true))),
            (Some("edge/gateway"), "any.test", 80, Some((6, false))),
            (Some("edge/gateway"), "any.test", 81, None),
            (Some("nobody"), "any.test", 80, None),
            (Some("bare"), "10.0.0.1", 8080, Some((5, false))),
            (None, "10.0.0.1", 8080, Some((5, false))),
            (None, "10.0.0.1", 80, None),
            (None, "10.0.0.2", 8080, Some((6, false))),
            (None, "10.0.0.9", 70, Some((7, false))),
            (None, "unknown.test", 80, None),
        ];
        for (from, host, port, expected) in table {
            let way = directory.way(from, host, port, "demo").ok();
            let found = way.map(|way| (way.address.port(), way.original.is_some()));
            assert_eq!(found, expected, "{from:?} {host}:{port}");
        }
    }
}
