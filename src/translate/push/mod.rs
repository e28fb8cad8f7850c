//! What is computed once for all proxies, as istiod does for every push.

mod endpoints;
mod pods;
mod services;
mod virtual_services;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use rustc_hash::FxHashMap;

use crate::mesh::{GatewayReference, Mesh, Resolution, Workload, by_age};
use crate::model::Object;
use crate::model::networking::Gateway;

use super::proxy::Locality;
use super::targets::ServiceTarget;

use endpoints::Sources;
use pods::locality_of;

pub(super) use endpoints::{Endpoint, Health, TlsMode};
pub(super) use pods::Pod;
pub(super) use services::{
    Alias, NO_ADDRESS, Service, TrafficDistribution, compare_hosts, spiffe, traffic_distribution,
};
pub(super) use virtual_services::{Http, HttpMatch, Target, VirtualService};

/// The name of the cluster that everything runs in, by default.
pub(super) const CLUSTER_ID: &str = "Kubernetes";

/// The services, endpoints and VirtualServices of a mesh.
pub struct PushContext<'m> {
    pub(super) mesh: &'m Mesh<'m>,
    /// Oldest first.
    pub(super) services: Vec<Service<'m>>,
    /// Oldest first.
    pub(super) virtual_services: Vec<VirtualService<'m>>,
    pub(super) pods: Vec<Pod<'m>>,
    /// Oldest first.
    pub(super) gateways: Vec<&'m Object<'m, Gateway<'m>>>,
    services_by_host: FxHashMap<&'m str, Vec<usize>>,
    virtual_services_by_gateway: FxHashMap<GatewayReference<'m>, Vec<usize>>,
    /// By namespace and host, those of all objects that define the service.
    endpoints: FxHashMap<(&'m str, &'m str), Vec<Endpoint<'m>>>,
    accounts: FxHashMap<(&'m str, &'m str), OnceLock<Vec<String>>>,
    /// Whether VirtualServices or DestinationRules are for clients with certain labels only.
    pub(super) routes_differ_by_labels: bool,
    /// The positions of the services of ServiceEntries that lead to an address.
    entries_by_address: OnceLock<FxHashMap<String, Vec<usize>>>,
}

fn routes_differ_by_labels(mesh: &Mesh<'_>, virtual_services: &[VirtualService<'_>]) -> bool {
    let matches = virtual_services.iter().flat_map(|service| &service.http).flat_map(|http| &http.matches);
    let rules = &mesh.resources.destination_rules;
    matches.into_iter().any(|matched| !matched.request.source_labels.is_empty())
        || rules.iter().any(|rule| rule.spec.workload_selector.is_some())
}

impl<'m> PushContext<'m> {
    pub fn new(mesh: &'m Mesh<'m>) -> Self {
        let services = services::services(mesh);
        let pods = pods::pods(mesh);
        let mut services_by_host: FxHashMap<_, Vec<_>> = FxHashMap::default();
        for (at, service) in services.iter().enumerate() {
            services_by_host.entry(service.host()).or_default().push(at);
        }
        let endpoints = endpoints_by_service(mesh, &services, &pods);
        let virtual_services = virtual_services::virtual_services(mesh);
        let mut virtual_services_by_gateway: FxHashMap<_, Vec<_>> = FxHashMap::default();
        for (at, service) in virtual_services.iter().enumerate() {
            for gateway in &service.gateways {
                let of_gateway = virtual_services_by_gateway.entry(*gateway).or_default();
                if of_gateway.last() != Some(&at) {
                    of_gateway.push(at);
                }
            }
        }
        let accounts = endpoints.keys().map(|key| (*key, OnceLock::new())).collect();
        Self {
            mesh,
            routes_differ_by_labels: routes_differ_by_labels(mesh, &virtual_services),
            virtual_services,
            virtual_services_by_gateway,
            gateways: by_age(&mesh.resources.gateways),
            services,
            pods,
            services_by_host,
            endpoints,
            accounts,
            entries_by_address: OnceLock::new(),
        }
    }

    /// The labels that a Gateway selects its proxies by.
    pub fn gateway_selector(&self, namespace: &str, name: &str) -> Option<BTreeMap<String, String>> {
        let gateways = &self.mesh.resources.gateways;
        let found =
            gateways.iter().find(|gateway| gateway.meta.namespace == namespace && gateway.meta.name.value == name)?;
        let labels = found.spec.selector.iter();
        Some(labels.map(|(key, value)| (key.value.to_owned(), value.value.to_owned())).collect())
    }

    /// Addresses that stand in no resource, and what they are of.
    pub fn invented_addresses(&self) -> Vec<(&str, String)> {
        let pods = self.pods.iter().filter(|pod| pod.is_invented());
        let pods = pods.map(|pod| (&*pod.ip, format!("pod {}/{}", pod.workload.namespace, pod.name)));
        let services = self.services.iter().filter(|service| service.is_address_invented());
        let services = services
            .map(|service| (service.address.as_str(), format!("service {}/{}", service.namespace(), service.name)));
        pods.chain(services).collect()
    }

    /// All Gateways, as `namespace/name`.
    pub fn gateway_names(&self) -> Vec<String> {
        self.mesh.resources.gateways.iter().map(|gateway| gateway.meta.full_name()).collect()
    }

    /// The pod of a proxy: by its name, else by its address.
    pub fn pod(&self, namespace: &str, name: &str, ip: &str) -> Option<&Workload<'m>> {
        let of_namespace = || self.pods.iter().filter(|pod| pod.workload.namespace == namespace);
        let named = of_namespace().find(|pod| pod.name == name);
        named.or_else(|| of_namespace().find(|pod| pod.ip == ip)).map(|pod| pod.workload)
    }

    /// Where a proxy runs: as its own labels say, else those of its node.
    pub fn locality(&self, pod: Option<&Workload<'m>>, node: &str) -> Locality<'m> {
        let of_pod = |pod: &Workload<'m>| pod.pod()?.node_name.map(|node| node.value);
        let node = if node.is_empty() { pod.and_then(of_pod).unwrap_or_default() } else { node };
        let nodes = &self.mesh.resources.nodes;
        let labels = nodes.iter().find(|own| own.meta.name.value == node).map(|node| &node.meta.labels);
        match pod {
            Some(pod) => locality_of(pod.labels, labels),
            None => labels.map_or(Locality::default(), |labels| locality_of(labels, Some(labels))),
        }
    }

    /// All services of exactly this host, oldest first.
    pub(super) fn services_named(&self, host: &str) -> impl Iterator<Item = &Service<'m>> {
        self.services_by_host.get(host).into_iter().flatten().map(|&at| &self.services[at])
    }

    /// What clients in `namespace` see: first what is meant for it, then what is for all.
    pub(super) fn visible_services(&self, namespace: &str) -> impl Iterator<Item = &Service<'m>> {
        let (private, public): (Vec<_>, Vec<_>) = self
            .services
            .iter()
            .filter(|service| service.mesh.export_to.sees(namespace))
            .partition(|service| !services::is_public(service));
        private.into_iter().chain(public)
    }

    /// The VirtualServices that proxies in `namespace` use for a gateway, or as sidecars: those of the namespace alone,
    /// those exported to it, those for all, each oldest first.
    pub(super) fn virtual_services_for(
        &self,
        namespace: &str,
        gateway: GatewayReference<'_>,
    ) -> Vec<&VirtualService<'m>> {
        let bound = self.virtual_services_by_gateway.get(&gateway).into_iter().flatten();
        let usable = bound.map(|&at| &self.virtual_services[at]).filter(|service| service.export_to.sees(namespace));
        let mut found: Vec<_> = usable.collect();
        found.sort_by_key(|service| service.rank(namespace));
        found
    }

    /// The endpoints of a service, of all its ports.
    pub(super) fn endpoints(&self, service: &Service<'m>) -> &[Endpoint<'m>] {
        self.endpoints.get(&(service.namespace(), service.host())).map_or(&[], Vec::as_slice)
    }

    /// The ports of ServiceEntries of `namespace` that lead to an address.
    pub(super) fn entry_targets(&'m self, namespace: &str, address: &str) -> Vec<ServiceTarget<'m>> {
        let found = self.entries_by_address().get(address);
        let services = found.into_iter().flatten().map(|&at| &self.services[at]);
        let targets = services.filter(|service| service.namespace() == namespace).flat_map(|service| {
            let endpoints = self.endpoints(service).iter().filter(move |endpoint| endpoint.address == address);
            endpoints.filter_map(move |endpoint| {
                let port = service.ports().iter().find(|port| port.name == endpoint.port_name)?;
                Some(ServiceTarget { service, port, number: endpoint.port.into() })
            })
        });
        targets.collect()
    }

    fn entries_by_address(&self) -> &FxHashMap<String, Vec<usize>> {
        self.entries_by_address.get_or_init(|| {
            let mut index: FxHashMap<_, Vec<usize>> = FxHashMap::default();
            for (at, service) in self.services.iter().enumerate().filter(|(_, service)| !service.is_kubernetes()) {
                for endpoint in self.endpoints(service) {
                    let services = index.entry(endpoint.address.to_string()).or_default();
                    if services.last() != Some(&at) {
                        services.push(at);
                    }
                }
            }
            index
        })
    }

    /// The port on which the endpoint at `address` serves a port of the service.
    pub(super) fn endpoint_port(&self, service: &Service<'m>, port_name: &str, address: &str) -> Option<i64> {
        let mut endpoints = self.endpoints(service).iter();
        let own = endpoints.find(|endpoint| endpoint.port_name == port_name && endpoint.address == address)?;
        Some(i64::from(own.port))
    }

    /// The identities that the endpoints of a service may show, with what they are called in trusted domains, sorted.
    pub(super) fn accounts(&self, service: &Service<'m>) -> &[String] {
        let Some(cell) = self.accounts.get(&(service.namespace(), service.host())) else { return &[] };
        cell.get_or_init(|| self.collect_accounts(service))
    }

    fn collect_accounts(&self, service: &Service<'m>) -> Vec<String> {
        let declared = self.services_named(service.host()).filter(|other| other.namespace() == service.namespace());
        let declared = declared.flat_map(|other| &other.accounts).cloned();
        let own = self.endpoints(service).iter().filter_map(|endpoint| endpoint.account.clone());
        let mut all: Vec<_> = declared.chain(own).flat_map(|account| self.in_trusted_domains(account)).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// An identity of the mesh counts in all the trust domains that the mesh has (istio 1.31 `pkg/spiffe/spiffe.go`,
    /// `ExpandWithTrustDomains`).
    fn in_trusted_domains(&self, account: String) -> Vec<String> {
        let settings = &self.mesh.settings;
        let rest = account.strip_prefix("spiffe://").and_then(|rest| rest.split_once('/'));
        let Some((domain, path)) = rest else { return vec![account] };
        let known: Vec<_> =
            [settings.trust_domain].into_iter().chain(settings.trust_domain_aliases.iter().copied()).collect();
        if !known.contains(&domain) {
            return vec![account];
        }
        known.into_iter().map(|domain| format!("spiffe://{domain}/{path}")).collect()
    }
}

fn endpoints_by_service<'m>(
    mesh: &'m Mesh<'m>,
    services: &[Service<'m>],
    pods: &[Pod<'m>],
) -> FxHashMap<(&'m str, &'m str), Vec<Endpoint<'m>>> {
    let sources = Sources::new(mesh, pods);
    let mut all: FxHashMap<_, Vec<_>> = FxHashMap::default();
    let mut seen = rustc_hash::FxHashSet::default();
    // Those of ServiceEntries come first.
    let (entries, kubernetes): (Vec<_>, Vec<_>) = services.iter().partition(|service| !service.is_kubernetes());
    for service in entries.into_iter().chain(kubernetes) {
        // A service with several addresses has its endpoints once.
        if seen.insert(std::ptr::from_ref(service.mesh)) {
            let pooled = all.entry((service.namespace(), service.host())).or_default();
            for endpoint in sources.endpoints(service) {
                // Envoy would refuse a second one.
                let is_taken = service.resolution() == Resolution::DnsRoundRobin
                    && pooled.iter().any(|own: &Endpoint<'_>| own.port_name == endpoint.port_name);
                if !is_taken {
                    pooled.push(endpoint);
                }
            }
        }
    }
    all
}
