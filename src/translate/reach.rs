//! How a client gets to a service when no proxy of its own helps it: what DNS and Kubernetes answer.

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

impl<'m> PushContext<'m> {
    /// What a pod of `namespace` reaches under a name, which is completed as pods complete names (`search` and `ndots` in
    /// the `resolv.conf` that kubelet writes).
    pub fn reach(&self, name: &str, namespace: &str, port: u16) -> Option<Reached> {
        self.reach_by_aliases(name, namespace, port, MOST_ALIASES)
    }

    fn reach_by_aliases(&self, name: &str, namespace: &str, port: u16, aliases: usize) -> Option<Reached> {
        let domain = &self.mesh.settings.options.cluster_domain;
        let name = name.to_ascii_lowercase();
        let searched =
            [format!(".{namespace}.svc.{domain}"), format!(".svc.{domain}"), format!(".{domain}"), String::new()];
        let names = match name.strip_suffix('.') {
            Some(full) => vec![full.to_owned()],
            None => searched.iter().map(|domain| format!("{name}{domain}")).collect(),
        };
        names.iter().find_map(|host| {
            let services: Vec<_> = self.services_named(host).collect();
            let first = services.first()?;
            if let Some(target) = first.external_name() {
                return self.reach_by_aliases(target, namespace, port, aliases.checked_sub(1)?);
            }
            let of_port = |service: &&Service<'m>| self.endpoints_of_port(service, port);
            let endpoints: Vec<_> = services.iter().flat_map(of_port).collect();
            let own = services.iter().filter_map(|service| service.address.parse().ok());
            let mut addresses: Vec<IpAddr> = own.filter(|address: &IpAddr| !address.is_unspecified()).collect();
            if addresses.is_empty() && first.is_kubernetes() {
                addresses = endpoints.iter().map(SocketAddr::ip).collect();
            }
            Some(Reached { host: host.clone(), addresses, endpoints })
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
    /// Where a gateway listens for a port of its Gateways: that of the pod that its Service leads to.
    pub fn listening_port(&self, proxy: &Proxy<'_>, port: u16) -> u16 {
        let access_logs = super::AccessLogs::new(self.push.mesh, proxy.namespace, &proxy.labels);
        let context = Context { push: self.push, proxy, scope: self.scope(proxy), access_logs, shared: &self.shared };
        let targets = super::targets::targets(&context);
        gateway::listening_port(i64::from(port), &targets).try_into().unwrap_or(port)
    }
}
