//! Who answers at the addresses that clusters lead to.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use super::proxies::of_workload;
use super::push::{Endpoint, Pod};
use super::{ProxySpec, PushContext};

/// A port of a pod, of a workload outside of the cluster, or of a host that DNS knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Backend {
    /// Of what runs it, such as a Deployment; empty if nothing in the files does.
    pub workload: String,
    pub namespace: String,
    /// Empty if it is none.
    pub pod: String,
    pub labels: BTreeMap<String, String>,
    /// The hosts and ports of the services that lead here.
    pub services: BTreeSet<(String, u16)>,
    /// The SPIFFE name of its service account.
    pub account: Option<String>,
}

impl Backend {
    /// The first label that says which version of its workload it is.
    pub fn version(&self) -> Option<&str> {
        let keys = ["version", "app.kubernetes.io/version", "service.istio.io/canonical-revision"];
        keys.iter().find_map(|key| self.labels.get(*key)).map(String::as_str)
    }
}

impl PushContext<'_> {
    /// The endpoints of all services, by `address:port`.
    pub fn backends(&self) -> BTreeMap<String, Backend> {
        let pods: FxHashMap<&str, &Pod<'_>> = self.pods.iter().map(|pod| (&*pod.ip, pod)).collect();
        let mut backends: BTreeMap<String, Backend> = BTreeMap::new();
        for service in &self.services {
            for endpoint in self.endpoints(service).iter().filter(|endpoint| !endpoint.is_socket()) {
                let address = format!("{}:{}", endpoint.address, endpoint.port);
                let own = || of_endpoint(endpoint, pods.get(&*endpoint.address).copied());
                let ports = service.ports().iter().filter(|port| port.name == endpoint.port_name);
                let leading = ports.filter_map(|port| Some((service.host().to_owned(), port.number.try_into().ok()?)));
                backends.entry(address).or_insert_with(own).services.extend(leading);
            }
        }
        backends
    }

    /// Workloads without a proxy, and their pods, as `namespace/name`.
    pub fn bare_workloads(&self) -> BTreeSet<String> {
        let bare =
            self.pods.iter().filter(|pod| of_workload(self.mesh, pod.workload, &pod.name, &pod.ip, pod.node).is_none());
        let names =
            bare.flat_map(|pod| [pod.workload.meta.name.value, &*pod.name].map(|name| (pod.workload.namespace, name)));
        names.map(|(namespace, name)| format!("{namespace}/{name}")).collect()
    }

    /// The proxies of all pods. [`PushContext::proxies`] has one for each workload, whose key those of its pods share.
    pub fn proxies_of_pods(&self) -> Vec<ProxySpec> {
        let proxy = |pod: &Pod<'_>| of_workload(self.mesh, pod.workload, &pod.name, &pod.ip, pod.node);
        self.pods.iter().filter_map(proxy).collect()
    }
}

fn of_endpoint(endpoint: &Endpoint<'_>, pod: Option<&Pod<'_>>) -> Backend {
    let labels = endpoint.labels.iter().map(|(key, value)| (key.value.to_owned(), value.value.to_owned()));
    Backend {
        workload: endpoint.workload.to_string(),
        namespace: endpoint.namespace.to_owned(),
        pod: pod.map(|pod| pod.name.to_string()).unwrap_or_default(),
        labels: labels.collect(),
        services: BTreeSet::new(),
        account: endpoint.account.clone(),
    }
}
