//! Where services run: addresses, with what istiod knows of each.

use std::borrow::Cow;

use rustc_hash::FxHashMap;

use crate::mesh::{Mesh, Origin, Resolution, TargetPort, Workload, WorkloadKind};
use crate::model::kubernetes::{Endpoint as SliceEndpoint, EndpointSlice};
use crate::model::networking::{ServiceEntry, WorkloadEntry};
use crate::model::{Labels, Object};
use crate::translate::proxy::Locality;

use super::pods::{Pod, locality_of, workload_name};
use super::services::{Service, spiffe};

/// One address and port of a service.
#[derive(Clone, Debug)]
pub(in crate::translate) struct Endpoint<'m> {
    /// An IP address, a host name (of services that are resolved by DNS), or the path of a socket.
    pub address: Cow<'m, str>,
    /// 0 for sockets.
    pub port: u32,
    /// The name of the port of the service that leads here.
    pub port_name: &'m str,
    pub labels: Cow<'m, Labels<'m>>,
    pub tls: TlsMode,
    pub weight: u32,
    pub health: Health,
    pub locality: Locality<'m>,
    /// Empty if unknown.
    pub node: &'m str,
    pub network: &'m str,
    /// As SPIFFE name.
    pub account: Option<String>,
    pub namespace: &'m str,
    /// The name of what runs it, for metadata; empty if unknown.
    pub workload: Cow<'m, str>,
}

/// What an endpoint says about mutual TLS (label `security.istio.io/tlsMode`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::translate) enum TlsMode {
    Istio,
    Disabled,
}

/// Endpoints of Kubernetes tell whether they are ready; others do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::translate) enum Health {
    Unknown,
    Healthy,
    Unhealthy,
}

pub(super) const TLS_MODE: &str = "security.istio.io/tlsMode";

impl<'m> Endpoint<'m> {
    /// A label, or what istiod adds to the labels of endpoints about the place where they run.
    pub fn label(&self, key: &str) -> Option<&str> {
        let place = match key {
            "topology.kubernetes.io/region" => self.locality.region,
            "topology.kubernetes.io/zone" => self.locality.zone,
            "topology.istio.io/subzone" => self.locality.sub_zone,
            "topology.istio.io/cluster" => super::CLUSTER_ID,
            "topology.istio.io/network" => self.network,
            "kubernetes.io/hostname" => self.node,
            _ => return self.labels.text(key),
        };
        Some(place).filter(|place| !place.is_empty()).or_else(|| self.labels.text(key))
    }

    pub fn is_ip(&self) -> bool {
        self.address.parse::<std::net::IpAddr>().is_ok()
    }

    pub fn is_socket(&self) -> bool {
        self.address.starts_with("unix://")
    }

    /// `workload;namespace;canonical name;canonical revision;cluster` (istio 1.31 `pilot/pkg/networking/util/util.go`,
    /// `AppendLbEndpointMetadata`).
    pub fn workload_metadata(&self) -> String {
        if self.workload.is_empty() {
            return format!(";;;;{}", super::CLUSTER_ID);
        }
        let first = |keys: &[&str]| keys.iter().find_map(|key| self.labels.text(key)).filter(|text| !text.is_empty());
        let names = ["service.istio.io/canonical-name", "app.kubernetes.io/name", "app"];
        let revisions = ["service.istio.io/canonical-revision", "app.kubernetes.io/version", "version"];
        let name = first(&names).unwrap_or(&self.workload);
        let revision = first(&revisions).filter(|revision| *revision != "latest").unwrap_or_default();
        format!("{};{};{name};{revision};{}", self.workload, self.namespace, super::CLUSTER_ID)
    }
}

/// What endpoints are made from, to be found by what they belong to.
pub(super) struct Sources<'s, 'm> {
    mesh: &'m Mesh<'m>,
    pods: &'s [Pod<'m>],
    pods_by_name: FxHashMap<(&'m str, &'s str), usize>,
    pods_by_ip: FxHashMap<&'s str, usize>,
    pods_of_workload: FxHashMap<*const Workload<'m>, Vec<usize>>,
    slices: FxHashMap<(&'m str, &'m str), Vec<&'m Object<'m, EndpointSlice<'m>>>>,
}

impl<'s, 'm> Sources<'s, 'm> {
    pub fn new(mesh: &'m Mesh<'m>, pods: &'s [Pod<'m>]) -> Self {
        let mut slices: FxHashMap<_, Vec<_>> = FxHashMap::default();
        for slice in &mesh.resources.endpoint_slices {
            if let Some(service) = slice.meta.labels.text("kubernetes.io/service-name") {
                slices.entry((slice.meta.namespace, service)).or_default().push(slice);
            }
        }
        let mut pods_of_workload: FxHashMap<_, Vec<_>> = FxHashMap::default();
        for (at, pod) in pods.iter().enumerate() {
            pods_of_workload.entry(std::ptr::from_ref(pod.workload)).or_default().push(at);
        }
        Self {
            mesh,
            pods,
            pods_by_name: pods.iter().enumerate().map(|(at, pod)| ((pod.workload.namespace, &*pod.name), at)).collect(),
            pods_by_ip: pods.iter().enumerate().map(|(at, pod)| (&*pod.ip, at)).collect(),
            pods_of_workload,
            slices,
        }
    }

    pub fn endpoints(&self, service: &Service<'m>) -> Vec<Endpoint<'m>> {
        match service.mesh.origin {
            Origin::Kubernetes(object) => {
                let slices = self.slices.get(&(object.meta.namespace, object.meta.name.value));
                let mut found = match slices {
                    Some(slices) => slices.iter().flat_map(|slice| self.of_slice(slice)).collect(),
                    None => self.of_selector(service),
                };
                if service.resolution() != Resolution::Passthrough {
                    found.extend(self.selected_entries(service));
                }
                found
            }
            Origin::Entry(object) => self.of_entry(service, object),
        }
    }

    fn pods_of(&self, workload: &'m Workload<'m>) -> impl Iterator<Item = &'s Pod<'m>> {
        let found = self.pods_of_workload.get(&std::ptr::from_ref(workload));
        found.into_iter().flatten().map(|&at| &self.pods[at])
    }

    /// The pods that the controller of EndpointSlices would find.
    fn of_selector(&self, service: &Service<'m>) -> Vec<Endpoint<'m>> {
        let object = service.mesh.kubernetes();
        let publishes = object.and_then(|object| object.spec.publish_not_ready_addresses).is_some_and(|on| on.value);
        let mut found = Vec::new();
        for workload in self.mesh.workloads_of(service.mesh).iter() {
            for pod in self.pods_of(workload) {
                for port in service.ports() {
                    let Some(number) = workload.port_number(port.target) else { continue };
                    let health = if pod.ready || publishes { Health::Healthy } else { Health::Unhealthy };
                    found.push(of_pod(self.mesh, pod, number, port.name, health));
                }
            }
        }
        found
    }

    fn of_slice(&self, slice: &'m Object<'m, EndpointSlice<'m>>) -> Vec<Endpoint<'m>> {
        if slice.spec.address_type.is_some_and(|kind| kind.value == "FQDN") {
            return Vec::new();
        }
        let mut found = Vec::new();
        for endpoint in &slice.spec.endpoints {
            let Some(health) = health(endpoint) else { continue };
            for address in &endpoint.addresses {
                for port in &slice.spec.ports {
                    let Some(number) = port.port else { continue };
                    let name = port.name.map_or("", |name| name.value);
                    let pod = self.pod_of(endpoint, slice.meta.namespace, address.value);
                    let made = match pod {
                        Some(pod) => of_pod(self.mesh, pod, number.value, name, health),
                        None => bare(address.value, number.value, name, health, endpoint, slice.meta.namespace),
                    };
                    found.push(Endpoint { address: address.value.into(), ..made });
                }
            }
        }
        found
    }

    fn pod_of(&self, endpoint: &SliceEndpoint<'m>, namespace: &'m str, address: &str) -> Option<&'s Pod<'m>> {
        let named = endpoint.target_ref.as_ref().and_then(|target| {
            let own = target.namespace.map_or(namespace, |name| name.value);
            self.pods_by_name.get(&(own, target.name?.value))
        });
        named.or_else(|| self.pods_by_ip.get(address)).map(|&at| &self.pods[at])
    }

    /// A Service selects WorkloadEntries like pods.
    fn selected_entries(&self, service: &Service<'m>) -> Vec<Endpoint<'m>> {
        let selected = self.mesh.workloads_of(service.mesh);
        let mut found = Vec::new();
        for workload in selected.iter() {
            let WorkloadKind::Entry(entry) = workload.kind else { continue };
            for port in service.ports() {
                let named = |name: &str| entry.ports.get(name).map(|port| port.value);
                let number = match port.target {
                    TargetPort::Name(name) => named(name),
                    TargetPort::Number(number) if has_target(service, port.number) => Some(number),
                    TargetPort::Number(number) => named(port.name).or(Some(number)),
                };
                let Some(number) = number else { continue };
                found.extend(self.of_workload_entry(entry, workload, port.name, number));
            }
        }
        found
    }

    fn of_workload_entry(
        &self,
        entry: &'m WorkloadEntry<'m>,
        workload: &'m Workload<'m>,
        port_name: &'m str,
        port: i64,
    ) -> Option<Endpoint<'m>> {
        let labels = workload.meta.labels.united(&entry.labels);
        let name = workload.meta.name.value;
        self.written(entry, labels, name.into(), workload.namespace, port_name, port)
    }

    /// An endpoint that is written down rather than found.
    fn written(
        &self,
        entry: &'m WorkloadEntry<'m>,
        labels: Labels<'m>,
        workload: Cow<'m, str>,
        namespace: &'m str,
        port_name: &'m str,
        port: i64,
    ) -> Option<Endpoint<'m>> {
        let tls = match (labels.text(TLS_MODE), entry.service_account) {
            (Some("istio"), _) => TlsMode::Istio,
            (None, Some(account)) if !account.is_empty() => TlsMode::Istio,
            _ => TlsMode::Disabled,
        };
        let account = entry.service_account.filter(|account| !account.is_empty());
        let locality = match entry.locality.filter(|locality| !locality.is_empty()) {
            Some(locality) => Locality::parse_path(locality.value),
            None => locality_of(&labels, None),
        };
        Some(Endpoint {
            address: entry.address?.value.into(),
            port: port.try_into().ok()?,
            port_name,
            tls,
            weight: entry
                .weight
                .and_then(|weight| weight.value.try_into().ok())
                .filter(|weight| *weight > 0)
                .unwrap_or(1),
            health: Health::Unknown,
            locality,
            node: "",
            network: entry.network.map_or("", |network| network.value),
            account: account.map(|account| spiffe(self.mesh.settings.trust_domain, namespace, account.value)),
            namespace,
            workload,
            labels: Cow::Owned(labels),
        })
    }

    fn of_entry(&self, service: &Service<'m>, object: &'m Object<'m, ServiceEntry<'m>>) -> Vec<Endpoint<'m>> {
        let (meta, spec) = (&object.meta, &object.spec);
        let by_name = matches!(service.resolution(), Resolution::Dns | Resolution::DnsRoundRobin);
        let mut found = Vec::new();
        for port in &spec.ports {
            let Some(number) = port.number else { continue };
            let target = port.target_port.filter(|target| target.value != 0).unwrap_or(number).value;
            let name = port.name.map_or("", |name| name.value);
            let port_of = |entry: &WorkloadEntry<'m>| match entry.address {
                Some(address) if address.value.starts_with("unix://") => 0,
                _ => entry.ports.get(name).map_or(target, |port| port.value),
            };
            let selects = spec.workload_selector.as_ref().is_some_and(|selector| !selector.labels.is_empty());
            if selects {
                for workload in self.mesh.workloads_of(service.mesh).iter() {
                    if let WorkloadKind::Entry(entry) = workload.kind {
                        let made = self.of_workload_entry(entry, workload, name, port_of(entry));
                        found.extend(made.filter(|endpoint| by_name || endpoint.is_ip()));
                    }
                    found.extend(
                        self.pods_of(workload).map(|pod| of_pod(self.mesh, pod, target, name, Health::Healthy)),
                    );
                }
            } else if !spec.endpoints.is_empty() {
                for (index, entry) in spec.endpoints.iter().enumerate() {
                    let workload = format!("{}-{index}", meta.name.value).into();
                    let labels = entry.labels.clone();
                    found.extend(self.written(entry, labels, workload, meta.namespace, name, port_of(entry)));
                }
            } else if by_name {
                found.push(Endpoint {
                    address: service.host().into(),
                    port: target.try_into().unwrap_or_default(),
                    port_name: name,
                    labels: Cow::Owned(Labels::default()),
                    tls: TlsMode::Disabled,
                    weight: 1,
                    health: Health::Unknown,
                    locality: Locality::default(),
                    node: "",
                    network: "",
                    account: None,
                    namespace: meta.namespace,
                    workload: meta.name.value.into(),
                });
            }
        }
        found
    }
}

/// Whether a port of a Kubernetes Service says where it leads.
fn has_target(service: &Service<'_>, port: i64) -> bool {
    let ports = service.mesh.kubernetes().into_iter().flat_map(|object| &object.spec.ports);
    let mut own = ports.filter(|own| own.port.is_some_and(|number| number.value == port));
    own.any(|own| own.target_port.is_some())
}

/// `None` for endpoints that are about to end.
fn health(endpoint: &SliceEndpoint<'_>) -> Option<Health> {
    let conditions = endpoint.conditions.as_ref();
    let ready = conditions.and_then(|conditions| conditions.ready).is_none_or(|ready| ready.value);
    let terminating = conditions.and_then(|conditions| conditions.terminating).is_none_or(|ending| ending.value);
    match (ready, terminating) {
        (true, _) => Some(Health::Healthy),
        (false, true) => None,
        (false, false) => Some(Health::Unhealthy),
    }
}

fn of_pod<'m>(mesh: &Mesh<'m>, pod: &Pod<'m>, port: i64, port_name: &'m str, health: Health) -> Endpoint<'m> {
    let workload = pod.workload;
    Endpoint {
        address: pod.ip.clone(),
        port: port.try_into().unwrap_or_default(),
        port_name,
        labels: Cow::Borrowed(workload.labels),
        tls: pod.tls,
        weight: 1,
        health,
        locality: pod.locality,
        node: pod.node,
        network: workload.labels.text("topology.istio.io/network").unwrap_or_default(),
        account: Some(spiffe(mesh.settings.trust_domain, workload.namespace, workload.service_account)),
        namespace: workload.namespace,
        workload: workload_name(pod),
    }
}

/// An address of which nothing else is known.
fn bare<'m>(
    address: &'m str,
    port: i64,
    port_name: &'m str,
    health: Health,
    endpoint: &SliceEndpoint<'m>,
    namespace: &'m str,
) -> Endpoint<'m> {
    Endpoint {
        address: address.into(),
        port: port.try_into().unwrap_or_default(),
        port_name,
        labels: Cow::Owned(Labels::default()),
        tls: TlsMode::Disabled,
        weight: 1,
        health,
        locality: Locality::default(),
        node: endpoint.node_name.map_or("", |node| node.value),
        network: "",
        account: None,
        namespace,
        workload: "".into(),
    }
}
