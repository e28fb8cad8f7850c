//! Services as istiod's registries hold them: one for each host and address.

use std::cmp::Ordering;

use rustc_hash::FxHashMap;

use crate::mesh::{self, ExportTo, Mesh, Origin, Resolution, ServicePort};
use crate::model::networking::ServicePort as ServiceEntryPort;

/// The address of services that have none of their own.
pub(in crate::translate) const NO_ADDRESS: &str = "0.0.0.0";

/// A host that has one address, or none.
#[derive(Clone, Debug)]
pub(in crate::translate) struct Service<'m> {
    pub mesh: &'m mesh::Service<'m>,
    /// The short name of a Kubernetes Service, the host of a ServiceEntry.
    pub name: &'m str,
    /// An address, a CIDR, or [`NO_ADDRESS`].
    pub address: String,
    /// What clients trust its endpoints to be: SPIFFE names that are declared, not those of its endpoints.
    pub accounts: Vec<String>,
    /// ExternalName Services that lead to it: host and namespace.
    pub aliases: Vec<Alias<'m>>,
}

/// Another name of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::translate) struct Alias<'m> {
    pub namespace: &'m str,
    pub host: &'m str,
}

/// How clients choose among the places where endpoints run, if the service says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::translate) enum TrafficDistribution {
    PreferSameZone,
    PreferSameNode,
}

impl<'m> Service<'m> {
    pub fn host(&self) -> &'m str {
        &self.mesh.host
    }

    pub fn namespace(&self) -> &'m str {
        self.mesh.namespace
    }

    pub fn resolution(&self) -> Resolution {
        self.mesh.resolution
    }

    pub fn is_alias(&self) -> bool {
        self.mesh.resolution == Resolution::Alias
    }

    pub fn is_kubernetes(&self) -> bool {
        self.mesh.is_kubernetes()
    }

    pub fn ports(&self) -> &'m [ServicePort<'m>] {
        &self.mesh.ports
    }

    pub fn has_address(&self) -> bool {
        self.address != NO_ADDRESS
    }

    /// Whether the address stands in no resource.
    pub fn is_address_invented(&self) -> bool {
        let written =
            self.mesh.kubernetes().is_some_and(|object| object.spec.cluster_ip.is_some_and(|ip| !ip.is_empty()));
        self.is_kubernetes() && self.has_address() && !written
    }

    /// Whether the address is one of many, as `10.0.0.0/8`.
    pub fn is_subnet(&self) -> bool {
        self.address.contains('/')
    }

    pub fn external_name(&self) -> Option<&'m str> {
        match self.mesh.origin {
            Origin::Kubernetes(object) => object.spec.external_name.map(|name| name.value),
            Origin::Entry(_) => None,
        }
    }

    /// Whether clients keep to an endpoint by a cookie, so that it is also told to them while it ends.
    pub fn keeps_sessions(&self) -> bool {
        self.has_label("istio.io/persistent-session")
    }

    /// The same for a header.
    pub fn keeps_sessions_by_header(&self) -> bool {
        self.has_label("istio.io/persistent-session-header")
    }

    fn has_label(&self, key: &str) -> bool {
        self.mesh.meta().labels.text(key).is_some_and(|text| !text.is_empty())
    }

    /// The port that connections go to instead of the one that the client meant (ServiceEntry `resolution: NONE` with
    /// `targetPort`).
    pub fn port_override(&self, port: i64) -> Option<u32> {
        let Origin::Entry(object) = self.mesh.origin else { return None };
        let is_port = |own: &&ServiceEntryPort<'_>| own.number.is_some_and(|number| number.value == port);
        let own = object.spec.ports.iter().rfind(is_port).filter(|_| self.resolution() == Resolution::Passthrough)?;
        own.target_port?.value.try_into().ok().filter(|target| *target != 0)
    }

    /// Whether only endpoints on the client's own node are used.
    pub fn is_node_local(&self) -> bool {
        let policy = self.mesh.kubernetes().and_then(|object| object.spec.internal_traffic_policy);
        policy.is_some_and(|policy| policy.value == "Local")
    }

    /// `istio.io/connect-strategy: RACE_FIRST_TCP_CONNECT`.
    pub fn races_connections(&self) -> bool {
        self.mesh.meta().annotations.text("istio.io/connect-strategy") == Some("RACE_FIRST_TCP_CONNECT")
    }
}

/// All services, oldest first (istio 1.31 `pilot/pkg/model/push_context.go`, `SortServicesByCreationTime`).
pub(super) fn services<'m>(mesh: &'m Mesh<'m>) -> Vec<Service<'m>> {
    let mut next = 0;
    let mut all: Vec<_> = mesh.services.iter().flat_map(|service| expand(mesh, service, &mut next)).collect();
    all.sort_by(order);
    let aliases = aliases(&all);
    for service in &mut all {
        if let Some(aliases) = aliases.get(service.host()).filter(|_| !service.is_alias()) {
            service.aliases.clone_from(aliases);
        }
    }
    all
}

fn order(left: &Service<'_>, right: &Service<'_>) -> Ordering {
    let (left_created, right_created) = (left.mesh.meta().created, right.mesh.meta().created);
    left_created
        .cmp(&right_created)
        .then_with(|| left.name.cmp(right.name))
        .then_with(|| left.namespace().cmp(right.namespace()))
}

/// As the services of a workload are ordered: by age, then host.
pub(in crate::translate) fn compare_hosts(left: &Service<'_>, right: &Service<'_>) -> Ordering {
    let (left_created, right_created) = (left.mesh.meta().created, right.mesh.meta().created);
    left_created.cmp(&right_created).then_with(|| left.host().cmp(right.host()))
}

fn expand<'m>(mesh: &'m Mesh<'m>, service: &'m mesh::Service<'m>, next: &mut u32) -> Vec<Service<'m>> {
    let name = match service.origin {
        Origin::Kubernetes(object) => object.meta.name.value,
        Origin::Entry(_) => service.host.as_str(),
    };
    let accounts = declared_accounts(mesh, service);
    let of_address =
        |address: String| Service { mesh: service, name, address, accounts: accounts.clone(), aliases: Vec::new() };
    match service.origin {
        Origin::Kubernetes(object) => {
            let written = object.spec.cluster_ip.map(|ip| ip.value).filter(|ip| !ip.is_empty());
            let address = match written {
                Some("None") => NO_ADDRESS.to_owned(),
                Some(ip) => ip.to_owned(),
                None if service.resolution == Resolution::Alias => NO_ADDRESS.to_owned(),
                None => invented_address(next),
            };
            vec![of_address(address)]
        }
        Origin::Entry(object) => {
            let written = object.spec.addresses.iter().filter_map(|address| entry_address(address.value));
            let addresses: Vec<_> = match object.spec.addresses.is_empty() {
                true => vec![NO_ADDRESS.to_owned()],
                false => written.collect(),
            };
            addresses.into_iter().map(of_address).collect()
        }
    }
}

/// A Service of a cluster always has an address; in a manifest it is mostly left to the API server.
fn invented_address(next: &mut u32) -> String {
    let number = *next;
    *next += 1;
    format!("10.96.{}.{}", 1 + number / 250, 1 + number % 250)
}

/// A CIDR of one address is that address; what is neither is dropped.
fn entry_address(text: &str) -> Option<String> {
    let subnet = crate::format::Subnet::parse(text).ok()?;
    let network = subnet.network();
    Some(match network.prefix_len() == network.max_prefix_len() {
        true => network.addr().to_string(),
        false => text.to_owned(),
    })
}

fn declared_accounts(mesh: &Mesh<'_>, service: &mesh::Service<'_>) -> Vec<String> {
    match service.origin {
        Origin::Entry(object) => object.spec.subject_alt_names.iter().map(|name| name.value.to_owned()).collect(),
        Origin::Kubernetes(object) => {
            let list = |annotation: &str| {
                let text = object.meta.annotations.text(annotation).unwrap_or_default();
                text.split(',').map(str::trim).filter(|text| !text.is_empty())
            };
            let canonical = list("alpha.istio.io/canonical-serviceaccounts").map(str::to_owned);
            let kubernetes = list("alpha.istio.io/kubernetes-serviceaccounts")
                .map(|account| spiffe(mesh.settings.trust_domain, service.namespace, account));
            canonical.chain(kubernetes).collect()
        }
    }
}

pub(in crate::translate) fn spiffe(trust_domain: &str, namespace: &str, account: &str) -> String {
    format!("spiffe://{trust_domain}/ns/{namespace}/sa/{account}")
}

/// The aliases of each host, chains of them followed.
fn aliases<'m>(services: &[Service<'m>]) -> FxHashMap<&'m str, Vec<Alias<'m>>> {
    let targets: FxHashMap<_, _> = services
        .iter()
        .filter(|service| service.is_alias())
        .filter_map(|service| Some((service.host(), service.external_name()?)))
        .collect();
    let mut found: FxHashMap<_, Vec<_>> = FxHashMap::default();
    for service in services.iter().filter(|service| service.is_alias()) {
        let mut host = service.host();
        let mut steps = 0;
        while let Some(target) = targets.get(host).filter(|_| steps <= targets.len()) {
            host = target;
            steps += 1;
        }
        if steps <= targets.len() {
            let alias = Alias { namespace: service.namespace(), host: service.host() };
            found.entry(host).or_default().push(alias);
        }
    }
    for list in found.values_mut() {
        list.sort_unstable();
    }
    found
}

/// What `spec.trafficDistribution` or the annotation, of the service or its namespace, asks for.
pub(in crate::translate) fn traffic_distribution(
    mesh: &Mesh<'_>,
    service: &mesh::Service<'_>,
) -> Option<TrafficDistribution> {
    const ANNOTATION: &str = "networking.istio.io/traffic-distribution";
    let spec = service.kubernetes().and_then(|object| object.spec.traffic_distribution).map(|text| text.value);
    let own = || service.meta().annotations.text(ANNOTATION);
    let inherited = || mesh.namespace(service.namespace)?.annotations.text(ANNOTATION);
    match spec.or_else(own).or_else(inherited)? {
        "PreferClose" | "PreferSameZone" => Some(TrafficDistribution::PreferSameZone),
        "PreferSameNode" => Some(TrafficDistribution::PreferSameNode),
        _ => None,
    }
}

/// Whether a client in `namespace` sees the service.
pub(in crate::translate) fn is_public(service: &Service<'_>) -> bool {
    service.mesh.export_to == ExportTo::All
}
