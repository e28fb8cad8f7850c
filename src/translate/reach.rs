//! How a client gets to a service when no proxy of its own helps it: what DNS and Kubernetes answer.

use std::net::{IpAddr, SocketAddr};

use crate::mesh::Workload;

use super::proxies::of_workload;
use super::push::{Health, Service};
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

impl PushContext<'_> {
    /// What a pod of `namespace` reaches under a name, which is completed as pods complete names (`search` and `ndots` in
    /// the `resolv.conf` that kubelet writes).
    pub fn reach(&self, name: &str, namespace: &str, port: u16) -> Option<Reached> {
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
            if let Some(target) = first.external_name().filter(|target| *target != name) {
                return self.reach(target, namespace, port);
            }
            let of_port = |service: &&Service<'_>| self.endpoints_of_port(service, port);
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

    fn endpoints_of_port(&self, service: &Service<'_>, port: u16) -> Vec<SocketAddr> {
        let Some(port) = service.ports().iter().find(|own| own.number == i64::from(port)) else { return Vec::new() };
        let serves = self.services_named(service.host()).find(|own| std::ptr::eq(own.mesh, service.mesh));
        let endpoints = serves.map_or(&[][..], |service| self.endpoints(service));
        let of_port = endpoints.iter().filter(|own| own.port_name == port.name && own.health != Health::Unhealthy);
        let address =
            of_port.filter_map(|own| Some(SocketAddr::new(own.address.parse().ok()?, own.port.try_into().ok()?)));
        address.collect()
    }

    /// The proxy of the pod or virtual machine at an address.
    pub fn proxy_at(&self, ip: IpAddr) -> Option<ProxySpec> {
        let ip = ip.to_string();
        let pod = self.pods.iter().find(|pod| pod.ip == ip);
        let of_pod = pod.and_then(|pod| of_workload(self.mesh, pod.workload, &pod.name, &pod.ip, pod.node));
        of_pod.or_else(|| self.proxies().into_iter().find(|spec| spec.ip == ip))
    }

    /// The address of a pod of a workload, and its service account: `namespace/name` of the pod or of what runs it.
    pub fn pod_named(&self, namespace: &str, name: &str) -> Option<(IpAddr, &Workload<'_>)> {
        let is_named = |own: &str, workload: &Workload<'_>| own == name || workload.meta.name.value == name;
        let mut pods = self.pods.iter().filter(|pod| pod.workload.namespace == namespace);
        let pod = pods.find(|pod| is_named(&pod.name, pod.workload))?;
        Some((pod.ip.parse().ok()?, pod.workload))
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
