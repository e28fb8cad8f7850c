use std::borrow::Cow;

use rustc_hash::FxHashMap;

use crate::model::kubernetes::Service as KubernetesService;
use crate::model::networking::ServiceEntry;
use crate::model::{IntOrStr, Kind, Labels, Meta, Object, Resources};
use crate::source::Span;

use super::hosts::{has_wildcard, host_matches};
use super::selectors::SelectorIndex;
use super::{ExportTo, Mesh, Protocol, Selection, Settings};

/// A host that traffic can be sent to, with its ports.
#[derive(Clone, Debug)]
pub struct Service<'m> {
    /// The full name, or for a ServiceEntry one of its hosts, perhaps a wildcard.
    pub host: String,
    pub namespace: &'m str,
    pub ports: Vec<ServicePort<'m>>,
    pub export_to: ExportTo<'m>,
    pub origin: Origin<'m>,
    pub resolution: Resolution,
    /// Outside of the mesh (ServiceEntry `location: MESH_EXTERNAL`).
    pub external: bool,
    /// Where the host is written.
    pub at: Span,
}

/// The object that defines a service.
#[derive(Clone, Copy, Debug)]
pub enum Origin<'m> {
    Kubernetes(&'m Object<'m, KubernetesService<'m>>),
    Entry(&'m Object<'m, ServiceEntry<'m>>),
}

/// How the endpoints of a service are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// From the registry: pods, WorkloadEntries, addresses that are written.
    Static,
    Dns,
    DnsRoundRobin,
    DynamicDns,
    /// Wherever the client sent it: `NONE`, headless Services.
    Passthrough,
    /// ExternalName: another name for a host.
    Alias,
}

#[derive(Clone, Copy, Debug)]
pub struct ServicePort<'m> {
    pub number: i64,
    /// Empty where it has none.
    pub name: &'m str,
    pub protocol: Protocol,
    pub target: TargetPort<'m>,
    pub at: Span,
}

/// The port of the workload that a port of a service leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetPort<'m> {
    Number(i64),
    /// The container port of that name.
    Name(&'m str),
}

/// What a client in some namespace finds under a host.
#[derive(Clone, Copy, Debug)]
pub enum ServiceLookup<'s, 'm> {
    Found(&'s Service<'m>),
    /// It exists, but is not exported to the client.
    Hidden(&'s Service<'m>),
    Missing,
    Unknown,
}

impl<'s, 'm> ServiceLookup<'s, 'm> {
    /// The service, whether the client sees it or not.
    pub fn service(self) -> Option<&'s Service<'m>> {
        match self {
            ServiceLookup::Found(service) | ServiceLookup::Hidden(service) => Some(service),
            ServiceLookup::Missing | ServiceLookup::Unknown => None,
        }
    }
}

impl Resolution {
    pub fn of_entry(entry: &ServiceEntry<'_>) -> Self {
        match entry.resolution.map(|resolution| resolution.value) {
            Some("STATIC") => Resolution::Static,
            Some("DNS") => Resolution::Dns,
            Some("DNS_ROUND_ROBIN") => Resolution::DnsRoundRobin,
            Some("DYNAMIC_DNS") => Resolution::DynamicDns,
            _ => Resolution::Passthrough,
        }
    }
}

impl<'m> Service<'m> {
    pub fn meta(&self) -> &'m Meta<'m> {
        match self.origin {
            Origin::Kubernetes(object) => &object.meta,
            Origin::Entry(object) => &object.meta,
        }
    }

    pub fn port(&self, number: i64) -> Option<&ServicePort<'m>> {
        self.ports.iter().find(|port| port.number == number)
    }

    /// The labels that its workloads must have; `None` if it does not select workloads.
    pub fn selector(&self) -> Option<&'m Labels<'m>> {
        let selector = match self.origin {
            Origin::Kubernetes(object) => &object.spec.selector,
            Origin::Entry(object) => &object.spec.workload_selector.as_ref()?.labels,
        };
        (!selector.is_empty()).then_some(selector)
    }

    pub fn is_kubernetes(&self) -> bool {
        self.kubernetes().is_some()
    }

    /// The Kubernetes Service that it comes from, if it does not come from a ServiceEntry.
    pub fn kubernetes(&self) -> Option<&'m Object<'m, KubernetesService<'m>>> {
        match self.origin {
            Origin::Kubernetes(object) => Some(object),
            Origin::Entry(_) => None,
        }
    }

    pub fn is_headless(&self) -> bool {
        let Origin::Kubernetes(object) = self.origin else { return false };
        object.spec.cluster_ip.is_some_and(|ip| ip.value == "None")
    }
}

pub(super) fn services<'m>(resources: &'m Resources<'m>, settings: &Settings<'m>) -> Vec<Service<'m>> {
    let kubernetes = resources.services.iter().map(|object| kubernetes_service(object, settings));
    let entries = resources.service_entries.iter().flat_map(|object| entry_services(object, settings));
    kubernetes.chain(entries).collect()
}

fn kubernetes_service<'m>(object: &'m Object<'m, KubernetesService<'m>>, settings: &Settings<'m>) -> Service<'m> {
    let (meta, spec) = (&object.meta, &object.spec);
    let ports = spec.ports.iter().filter_map(|port| {
        let number = port.port?;
        let name = port.name.map_or("", |name| name.value);
        let app_protocol = port.app_protocol.map(|protocol| protocol.value);
        let target = match port.target_port()? {
            IntOrStr::Int(number) => TargetPort::Number(number),
            IntOrStr::Str(name) => name.parse().map_or(TargetPort::Name(name), TargetPort::Number),
        };
        let protocol = Protocol::of_service_port(number.value, name, port.protocol(), app_protocol);
        Some(ServicePort { number: number.value, name, protocol, target, at: number.at })
    });
    let exported = meta.annotations.text("networking.istio.io/exportTo").unwrap_or_default();
    let entries = exported.split(',').map(str::trim).filter(|entry| !entry.is_empty());
    let resolution = match spec.r#type.map(|kind| kind.value) {
        Some("ExternalName") => Resolution::Alias,
        _ if spec.cluster_ip.is_some_and(|ip| ip.value == "None") => Resolution::Passthrough,
        _ => Resolution::Static,
    };
    Service {
        host: settings.service_host(meta.name.value, meta.namespace),
        namespace: meta.namespace,
        ports: ports.collect(),
        export_to: ExportTo::new(entries, &settings.default_service_export_to, meta.namespace),
        origin: Origin::Kubernetes(object),
        resolution,
        external: resolution == Resolution::Alias,
        at: meta.at(),
    }
}

fn entry_services<'m>(
    object: &'m Object<'m, ServiceEntry<'m>>,
    settings: &Settings<'m>,
) -> impl Iterator<Item = Service<'m>> {
    let (meta, spec) = (&object.meta, &object.spec);
    let ports: Vec<_> = spec
        .ports
        .iter()
        .filter_map(|port| {
            let number = port.number?;
            let target = port.target_port.filter(|target| target.value != 0).unwrap_or(number);
            Some(ServicePort {
                number: number.value,
                name: port.name.map_or("", |name| name.value),
                protocol: Protocol::of_name(port.protocol.map_or("", |protocol| protocol.value)),
                target: TargetPort::Number(target.value),
                at: number.at,
            })
        })
        .collect();
    let resolution = Resolution::of_entry(spec);
    let export_to = entry_export(object, settings);
    let external = spec.location.is_none_or(|location| location.value != "MESH_INTERNAL");
    spec.hosts.iter().map(move |host| Service {
        host: host.value.to_owned(),
        namespace: meta.namespace,
        ports: ports.clone(),
        export_to: export_to.clone(),
        origin: Origin::Entry(object),
        resolution,
        external,
        at: host.at,
    })
}

/// The selectors of services; without one a service selects nothing.
pub(super) fn selectors<'m>(services: &[Service<'m>]) -> SelectorIndex<'m> {
    let selectors = services.iter().map(|service| Some((service.namespace, service.selector()?)));
    SelectorIndex::new(&selectors.collect::<Vec<_>>())
}

/// Most hosts are written in lower case.
fn lower_case(host: &str) -> Cow<'_, str> {
    match host.bytes().any(|byte| byte.is_ascii_uppercase()) {
        true => Cow::Owned(host.to_ascii_lowercase()),
        false => Cow::Borrowed(host),
    }
}

fn entry_export<'m>(object: &'m Object<'m, ServiceEntry<'m>>, settings: &Settings<'m>) -> ExportTo<'m> {
    let entries = object.spec.export_to.iter().map(|entry| entry.value);
    ExportTo::new(entries, &settings.default_service_export_to, object.meta.namespace)
}

/// Services by host, and the wildcards among the hosts.
#[derive(Default)]
pub(super) struct ServiceIndex<'m> {
    /// Of Kubernetes, by their own name.
    by_name: FxHashMap<&'m str, Vec<usize>>,
    by_host: FxHashMap<String, Vec<usize>>,
    wildcards: Vec<usize>,
    by_namespace: FxHashMap<&'m str, Vec<usize>>,
}

impl<'m> ServiceIndex<'m> {
    pub(super) fn new(services: &[Service<'m>]) -> Self {
        let mut index = Self::default();
        for (at, service) in services.iter().enumerate() {
            index.by_host.entry(service.host.to_ascii_lowercase()).or_insert_with(one).push(at);
            index.by_namespace.entry(service.namespace).or_default().push(at);
            if service.is_kubernetes() {
                index.by_name.entry(service.meta().name.value).or_insert_with(one).push(at);
            }
            if has_wildcard(&service.host) {
                index.wildcards.push(at);
            }
        }
        index
    }
}

/// A list that is nearly always of one.
fn one() -> Vec<usize> {
    Vec::with_capacity(1)
}

impl<'m> Mesh<'m> {
    /// The full name of a host that an object in `namespace` writes: short names are completed.
    pub fn full_name<'h>(&self, host: &'h str, namespace: &str) -> Cow<'h, str> {
        self.settings.full_name(host, namespace)
    }

    pub fn service_entry_export(&self, entry: &'m Object<'m, ServiceEntry<'m>>) -> ExportTo<'m> {
        entry_export(entry, &self.settings)
    }

    /// All services of exactly this full name, whoever sees them; wildcards only if `host` is that wildcard.
    pub fn services_named(&self, host: &str) -> impl Iterator<Item = &Service<'m>> {
        let found = self.service_index.by_host.get(&*lower_case(host));
        found.into_iter().flatten().map(|&at| &self.services[at])
    }

    pub fn services_in(&self, namespace: &str) -> impl Iterator<Item = &Service<'m>> {
        let found = self.service_index.by_namespace.get(namespace);
        found.into_iter().flatten().map(|&at| &self.services[at])
    }

    /// All services that a wildcard stands for, or the services of exactly this name.
    pub fn services_matching<'s>(&'s self, host: &'s str) -> Box<dyn Iterator<Item = &'s Service<'m>> + 's> {
        match has_wildcard(host) {
            true => Box::new(self.services.iter().filter(move |service| host_matches(&service.host, host))),
            false => Box::new(self.services_named(host)),
        }
    }

    /// ServiceEntries whose wildcard host stands for `host`, too.
    pub fn wildcard_services<'s>(&'s self, host: &'s str) -> impl Iterator<Item = &'s Service<'m>> + 's {
        let wildcards = self.service_index.wildcards.iter().map(|&at| &self.services[at]);
        wildcards.filter(move |service| host_matches(&service.host, host))
    }

    /// The service that an extension provider of the MeshConfig names: `namespace/host`, or `host` if only one namespace has
    /// it (istio 1.31 `pilot/pkg/model/telemetry_logging.go`, `LookupCluster`).
    pub fn provider_service(&self, name: &str) -> Option<&Service<'m>> {
        let (namespace, host) = match name.split_once('/') {
            Some((namespace, host)) => (Some(namespace), host),
            None => (None, name),
        };
        let of_namespace = |service: &&Service<'m>| namespace.is_none_or(|namespace| service.namespace == namespace);
        let mut services = self.services_named(host).filter(of_namespace);
        let first = services.next()?;
        services.all(|service| service.namespace == first.namespace).then_some(first)
    }

    /// What a client in `namespace` finds under the full name `host`. Its own namespace's wins, then Kubernetes' over a
    /// ServiceEntry's (istio 1.31 `push_context.go`, `ServiceForHostname`).
    pub fn service<'s>(&'s self, host: &str, namespace: &str) -> ServiceLookup<'s, 'm> {
        let mut hidden = None;
        let mut found: Option<&Service<'m>> = None;
        for service in self.services_named(host) {
            if !service.export_to.sees(namespace) {
                hidden = hidden.or(Some(service));
                continue;
            }
            let rank = |service: &Service<'_>| (service.namespace == namespace, service.is_kubernetes());
            if found.is_none_or(|best| rank(service) > rank(best)) {
                found = Some(service);
            }
        }
        match (found, hidden) {
            (Some(service), _) => ServiceLookup::Found(service),
            (None, Some(service)) => ServiceLookup::Hidden(service),
            (None, None) if self.knows_host(host, namespace) => ServiceLookup::Missing,
            (None, None) => ServiceLookup::Unknown,
        }
    }

    /// Whether the input would show a service called `host`: it has Services of its namespace, or, for a name outside
    /// of the cluster, ServiceEntries in the client's.
    fn knows_host(&self, host: &str, client: &str) -> bool {
        if crate::format::has_placeholder(host) {
            return false;
        }
        match self.settings.kubernetes_name(host) {
            Some((_, namespace)) => self.is_complete(Kind::Service, namespace),
            None => self.is_complete(Kind::ServiceEntry, client),
        }
    }

    /// The workloads behind a service.
    pub fn workloads_of(&self, service: &Service<'m>) -> Selection<'_, 'm> {
        match service.selector() {
            Some(selector) => self.select(service.namespace, selector),
            None => Selection::default(),
        }
    }

    /// The labels of the endpoints of a service; `None` where the input shows none of its endpoints.
    pub fn endpoint_labels(&self, service: &Service<'m>) -> Option<Vec<&'m Labels<'m>>> {
        let written = match service.origin {
            Origin::Entry(object) => object.spec.endpoints.as_slice(),
            Origin::Kubernetes(_) => &[],
        };
        let written = written.iter().map(|endpoint| &endpoint.labels);
        let selected = self.workloads_of(service);
        let labels: Vec<_> = written.chain(selected.iter().map(|workload| workload.labels)).collect();
        (!labels.is_empty()).then_some(labels)
    }

    /// The services that select workloads with these labels.
    pub fn services_selecting<'s>(
        &'s self,
        namespace: &str,
        labels: &'s Labels<'m>,
    ) -> impl Iterator<Item = &'s Service<'m>> + use<'s, 'm> {
        let candidates = self.service_selectors.candidates(namespace, labels).into_iter().map(|at| &self.services[at]);
        candidates.filter(move |service| service.selector().is_some_and(|selector| labels.contains(selector)))
    }

    /// The full name that `host` was probably meant to be: it is `name.namespace` or `name.namespace.svc` of a Service,
    /// which Istio does not complete.
    pub fn half_qualified(&self, host: &str) -> Option<String> {
        let (name, namespace) = host.strip_suffix(".svc").unwrap_or(host).split_once('.')?;
        let full = self.settings.service_host(name, namespace);
        (!namespace.contains('.') && self.services_named(&full).next().is_some()).then_some(full)
    }

    /// The one Service called `host` if that is a short name for which there is none in `namespace`, but exactly one in
    /// all other namespaces.
    pub fn elsewhere(&self, host: &str, namespace: &str) -> Option<&Service<'m>> {
        let [at] = self.service_index.by_name.get(host)?.as_slice() else { return None };
        let found = &self.services[*at];
        let ServiceLookup::Missing = self.service(&self.full_name(host, namespace), namespace) else { return None };
        (found.namespace != namespace).then_some(found)
    }

    /// The name of a service that is spelt nearly like `host`, as an object in `namespace` would write it.
    pub fn nearest_host(&self, host: &str, namespace: &str) -> Option<String> {
        let short = !host.contains('.');
        let names = self.services.iter().filter(|service| service.export_to.sees(namespace));
        let spelt = names.filter_map(|service| match short {
            true if service.namespace != namespace || !service.is_kubernetes() => None,
            true => Some(service.meta().name.value),
            false => Some(service.host.as_str()),
        });
        crate::finding::nearest(host, spelt).map(str::to_owned)
    }
}
