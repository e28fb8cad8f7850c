//! How a client gets to a service when no proxy of its own helps it: what DNS and Kubernetes answer.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

use super::proxies::of_workload;
use super::push::{Endpoint, Health, Service};
use super::{Context, Proxy, ProxySpec, PushContext, Translator, gateway};

/// What a name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached {
    /// The full name of the service.
    pub host: String,
    /// Those of the service; of a headless one those of its endpoints. Empty if DNS outside of the mesh knows them.
    pub addresses: Vec<IpAddr>,
    /// Where the port leads to.
    pub endpoints: Vec<SocketAddr>,
}

/// Names that lead to other names may lead in a circle.
const MOST_ALIASES: usize = 8;

/// What names stand for, kept without the mesh that they come from.
#[derive(Clone, Debug, Default)]
pub struct Names {
    domain: String,
    hosts: BTreeMap<String, Named>,
}

/// What is known of one host.
#[derive(Clone, Debug, Default)]
struct Named {
    /// The host that it stands for.
    alias: Option<String>,
    addresses: Vec<IpAddr>,
    /// Whether DNS answers with the endpoints where there are no addresses.
    is_kubernetes: bool,
    endpoints: BTreeMap<u16, Vec<SocketAddr>>,
}

impl Named {
    fn reached(&self, host: &str, port: u16) -> Reached {
        let endpoints = self.endpoints.get(&port).cloned().unwrap_or_default();
        let of_endpoints = self.addresses.is_empty() && self.is_kubernetes;
        let addresses =
            if of_endpoints { endpoints.iter().map(SocketAddr::ip).collect() } else { self.addresses.clone() };
        Reached { host: host.to_owned(), addresses, endpoints }
    }
}

impl Names {
    /// As [`PushContext::reach`].
    pub fn reach(&self, name: &str, namespace: &str, port: u16) -> Option<Reached> {
        let find = |host: &str| self.hosts.get(host).cloned();
        reach(&find, &self.domain, name, (namespace, port), MOST_ALIASES)
    }
}

/// Looks a name up as pods do.
fn reach(
    find: &dyn Fn(&str) -> Option<Named>,
    domain: &str,
    name: &str,
    (namespace, port): (&str, u16),
    aliases: usize,
) -> Option<Reached> {
    let name = name.to_ascii_lowercase();
    let searched =
        [format!(".{namespace}.svc.{domain}"), format!(".svc.{domain}"), format!(".{domain}"), String::new()];
    let names = match name.strip_suffix('.') {
        Some(full) => vec![full.to_owned()],
        None => searched.iter().map(|domain| format!("{name}{domain}")).collect(),
    };
    names.iter().find_map(|host| {
        let named = find(host)?;
        match &named.alias {
            Some(target) => reach(find, domain, target, (namespace, port), aliases.checked_sub(1)?),
            None => Some(named.reached(host, port)),
        }
    })
}

impl<'m> PushContext<'m> {
    /// What a pod of `namespace` reaches under a name, which is completed as pods complete names (`search` and `ndots` in
    /// the `resolv.conf` that kubelet writes).
    pub fn reach(&self, name: &str, namespace: &str, port: u16) -> Option<Reached> {
        let find = |host: &str| self.named(host);
        reach(&find, &self.mesh.settings.options.cluster_domain, name, (namespace, port), MOST_ALIASES)
    }

    /// All names that [`Self::reach`] knows.
    pub fn names(&self) -> Names {
        let hosts = self.services.iter().map(Service::host);
        let hosts = hosts.filter_map(|host| Some((host.to_owned(), self.named(host)?)));
        Names { domain: self.mesh.settings.options.cluster_domain.clone(), hosts: hosts.collect() }
    }

    fn named(&self, host: &str) -> Option<Named> {
        let services: Vec<_> = self.services_named(host).collect();
        let first = services.first()?;
        let mut endpoints: BTreeMap<u16, Vec<SocketAddr>> = BTreeMap::new();
        for service in &services {
            let ports: BTreeSet<_> =
                service.ports().iter().filter_map(|port| u16::try_from(port.number).ok()).collect();
            for port in ports {
                endpoints.entry(port).or_default().extend(self.endpoints_of_port(service, port));
            }
        }
        let own = services.iter().filter_map(|service| service.address.parse().ok());
        Some(Named {
            alias: first.external_name().map(str::to_owned),
            addresses: own.filter(|address: &IpAddr| !address.is_unspecified()).collect(),
            is_kubernetes: first.is_kubernetes(),
            endpoints,
        })
    }

    /// The only service of a name, as clients of another namespace than `namespace` call it.
    pub fn service_elsewhere(&self, name: &str, namespace: &str) -> Option<String> {
        let found = self.mesh.elsewhere(name, namespace)?;
        Some(format!("{name}.{}", found.namespace))
    }

    fn endpoints_of_port(&self, service: &Service<'m>, port: u16) -> Vec<SocketAddr> {
        let Some(port) = service.ports().iter().find(|own| own.number == i64::from(port)) else { return Vec::new() };
        let serves = |own: &&Endpoint<'_>| own.port_name == port.name && own.health != Health::Unhealthy;
        let address = |own: &Endpoint<'_>| Some(SocketAddr::new(own.address.parse().ok()?, own.port.try_into().ok()?));
        self.endpoints(service).iter().filter(serves).filter_map(address).collect()
    }

    /// The proxy of the pod or virtual machine at an address.
    pub fn proxy_at(&self, ip: IpAddr) -> Option<ProxySpec> {
        let ip = ip.to_string();
        let pod = self.pods.iter().find(|pod| pod.ip == ip);
        let of_pod = pod.and_then(|pod| of_workload(self.mesh, pod.workload, &pod.name, &pod.ip, pod.node));
        of_pod.or_else(|| self.proxies().into_iter().find(|spec| spec.ip == ip))
    }

    /// The address of a pod, by its own name or that of what runs it.
    pub fn pod_address(&self, namespace: &str, name: &str) -> Option<IpAddr> {
        let mut pods = self.pods.iter().filter(|pod| pod.workload.namespace == namespace);
        let named = pods.find(|pod| pod.name == name || pod.workload.meta.name.value == name);
        named?.ip.parse().ok()
    }
}

impl Translator<'_> {
    /// [`Self::listening_port`] of all ports of all Gateways.
    pub fn listening_ports(&self, proxy: &Proxy<'_>) -> BTreeMap<u16, u16> {
        let servers = self.push.mesh.resources.gateways.iter().flat_map(|gateway| &gateway.spec.servers);
        let numbers = servers.filter_map(|server| server.port.as_ref()?.number?.value.try_into().ok());
        numbers.map(|port| (port, self.listening_port(proxy, port))).collect()
    }

    /// Where a gateway listens for a port of its Gateways: that of the pod that its Service leads to.
    pub fn listening_port(&self, proxy: &Proxy<'_>, port: u16) -> u16 {
        let access_logs = super::AccessLogs::new(self.push.mesh, proxy.namespace, &proxy.labels);
        let context = Context { push: self.push, proxy, scope: self.scope(proxy), access_logs, shared: &self.shared };
        let targets = super::targets::targets(&context);
        gateway::listening_port(i64::from(port), &targets).try_into().unwrap_or(port)
    }
}
