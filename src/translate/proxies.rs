//! The proxies of a mesh, as far as its resources tell.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::mesh::{GATEWAY_NAME_LABEL, Injection, Mesh, Workload, WorkloadKind};
use crate::model::Labels;

use super::proxy::{Interception, Locality, Proxy, ProxyKind};
use super::push::PushContext;
use super::settings::ProxySettings;

/// A proxy as it is described to meshlint, in a file of proxies or by the resources of the mesh.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProxySpec {
    /// What a list of proxies calls it.
    pub key: String,
    /// Of the pod.
    #[serde(default)]
    pub name: String,
    pub r#type: ProxyKind,
    pub namespace: String,
    /// What runs it: `Deployment/web`; empty if nothing in the mesh does.
    #[serde(default)]
    pub workload: String,
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// An address of the pod. One is invented where none is known.
    #[serde(default)]
    pub ip: String,
    #[serde(default)]
    pub service_account: String,
    /// `region/zone/subzone`, that of the pod's node if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locality: Option<String>,
    /// Of the node metadata: `NODE_NAME`, `INTERCEPTION_MODE`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub meta: BTreeMap<String, serde_json::Value>,
}

impl ProxySpec {
    /// A gateway of which nothing but the name is known.
    pub fn gateway(name: &str) -> Self {
        Self {
            key: name.to_owned(),
            name: name.to_owned(),
            r#type: ProxyKind::Router,
            namespace: String::new(),
            workload: String::new(),
            labels: BTreeMap::new(),
            ip: String::new(),
            service_account: String::new(),
            locality: None,
            meta: BTreeMap::new(),
        }
    }

    fn meta(&self, key: &str) -> Option<&str> {
        self.meta.get(key)?.as_str()
    }

    /// The proxy, with what its pod in the mesh tells in addition.
    pub fn proxy<'p>(&'p self, push: &'p PushContext<'_>) -> Proxy<'p> {
        let pod = push.pod(&self.namespace, &self.name, &self.ip);
        let annotation = |key: &str| pod.and_then(|pod| pod.annotations.text(key));
        let mut settings = ProxySettings::default();
        if let Some(config) = push.mesh.settings.config.as_ref().and_then(|config| config.default_config.as_ref()) {
            settings.overlay(config);
        }
        if let Some(text) = annotation("proxy.istio.io/config") {
            settings.overlay_annotation(text);
        }
        let interception = self.meta("INTERCEPTION_MODE").or_else(|| annotation("sidecar.istio.io/interceptionMode"));
        let node_name = self.meta("NODE_NAME").unwrap_or_default();
        let locality = match self.locality.as_deref() {
            Some(text) => Locality::parse_path(text),
            None => push.locality(pod, node_name),
        };
        Proxy {
            kind: self.r#type,
            name: &self.name,
            namespace: &self.namespace,
            labels: Labels::of_texts(self.labels.iter().map(|(key, value)| (key.as_str(), value.as_str()))),
            ip: if self.ip.is_empty() { UNKNOWN_IP } else { &self.ip },
            service_account: &self.service_account,
            locality,
            node_name,
            interception: interception.map_or(Interception::default(), Interception::parse),
            unprivileged: self.meta("UNPRIVILEGED_POD").is_some_and(|text| text.eq_ignore_ascii_case("true")),
            settings,
        }
    }
}

/// Of proxies of which nothing is known (RFC 5737).
const UNKNOWN_IP: &str = "192.0.2.1";

impl<'m> PushContext<'m> {
    /// A proxy for each workload that has one, and for each Gateway that selects no workload of the mesh; sorted by
    /// namespace and name.
    pub fn proxies(&self) -> Vec<ProxySpec> {
        let mut proxies = Vec::new();
        let mut last: Option<&Workload<'_>> = None;
        for pod in &self.pods {
            // The pods of one workload have the same configuration, but for their addresses.
            if last.is_some_and(|last| std::ptr::eq(last, pod.workload)) {
                continue;
            }
            last = Some(pod.workload);
            proxies.extend(of_workload(self.mesh, pod.workload, &pod.name, &pod.ip, pod.node));
        }
        for workload in &self.mesh.workloads {
            if let WorkloadKind::Entry(entry) = workload.kind
                && let Some(address) = entry.address.filter(|address| address.value.parse::<std::net::IpAddr>().is_ok())
            {
                proxies.extend(of_workload(self.mesh, workload, workload.meta.name.value, address.value, ""));
            }
        }
        proxies.extend(self.gateways_without_workload());
        proxies.sort_by(|left, right| (&left.namespace, &left.name).cmp(&(&right.namespace, &right.name)));
        proxies
    }

    /// What a Gateway selects but the mesh does not show: it runs where the Service with the same selector is.
    fn gateways_without_workload(&self) -> Vec<ProxySpec> {
        let mut seen: Vec<&Labels<'_>> = Vec::new();
        let mut found = Vec::new();
        for gateway in &self.mesh.resources.gateways {
            let selector = &gateway.spec.selector;
            if selector.is_empty() || seen.contains(&selector) || !self.mesh.select_everywhere(selector).is_empty() {
                continue;
            }
            seen.push(selector);
            let service = self.mesh.services.iter().find(|service| service.selector() == Some(selector));
            let (namespace, name) = match service {
                Some(service) => (service.namespace, service.meta().name.value),
                None => (gateway.meta.namespace, gateway.meta.name.value),
            };
            found.push(ProxySpec {
                key: format!("{namespace}/{name}"),
                name: name.to_owned(),
                r#type: ProxyKind::Router,
                namespace: namespace.to_owned(),
                workload: String::new(),
                labels: owned(selector),
                ip: UNKNOWN_IP.to_owned(),
                service_account: "default".to_owned(),
                locality: None,
                meta: BTreeMap::new(),
            });
        }
        for service in &self.mesh.services {
            let name = service.selector().and_then(|selector| selector.text(GATEWAY_NAME_LABEL));
            let Some((selector, name)) = service.selector().zip(name) else { continue };
            if self.mesh.select_everywhere(selector).iter().any(|workload| workload.namespace == service.namespace) {
                continue;
            }
            found.push(ProxySpec {
                key: format!("{}/{name}", service.namespace),
                name: name.to_owned(),
                r#type: ProxyKind::Router,
                namespace: service.namespace.to_owned(),
                workload: String::new(),
                labels: owned(selector),
                ip: UNKNOWN_IP.to_owned(),
                service_account: service.meta().name.value.to_owned(),
                locality: None,
                meta: BTreeMap::new(),
            });
        }
        found
    }
}

fn owned(labels: &Labels<'_>) -> BTreeMap<String, String> {
    labels.iter().map(|(key, value)| (key.value.to_owned(), value.value.to_owned())).collect()
}

pub(super) fn of_workload(
    mesh: &Mesh<'_>,
    workload: &Workload<'_>,
    name: &str,
    ip: &str,
    node: &str,
) -> Option<ProxySpec> {
    let kind = match is_gateway(mesh, workload) {
        true => ProxyKind::Router,
        false if matches!(mesh.injection(workload), Injection::Sidecar | Injection::Unknown) => ProxyKind::Sidecar,
        false => return None,
    };
    let namespace = workload.namespace;
    let meta = match node {
        "" => BTreeMap::new(),
        node => BTreeMap::from([("NODE_NAME".to_owned(), node.into())]),
    };
    Some(ProxySpec {
        key: format!("{namespace}/{}", workload.meta.name.value),
        name: name.to_owned(),
        r#type: kind,
        namespace: namespace.to_owned(),
        workload: format!("{}/{}", workload.meta.kind.name(), workload.meta.name.value),
        labels: injected_labels(workload),
        ip: ip.to_owned(),
        service_account: workload.service_account.to_owned(),
        locality: None,
        meta,
    })
}

/// Whether some Gateway selects it. One without a selector selects only what runs a proxy and nothing else.
fn is_gateway(mesh: &Mesh<'_>, workload: &Workload<'_>) -> bool {
    let template = |key: &str| workload.annotations.text(key).is_some_and(|names| names.contains("gateway"));
    let runs_only_proxy = workload.pod().is_some_and(|pod| pod.containers.len() == 1) && workload.runs_proxy();
    mesh.resources.gateways.iter().any(|gateway| {
        let selector = &gateway.spec.selector;
        workload.labels.contains(selector) && (!selector.is_empty() || runs_only_proxy)
    }) || template("inject.istio.io/templates")
        || runs_only_proxy
}

/// The labels of the pod, with those that the injector adds (istio 1.31 `pkg/kube/inject/webhook.go`).
fn injected_labels(workload: &Workload<'_>) -> BTreeMap<String, String> {
    let mut labels = owned(workload.labels);
    let first = |keys: [&str; 2], default: &str| {
        let own = keys.iter().find_map(|key| workload.labels.text(key)).filter(|text| !text.is_empty());
        own.unwrap_or(default).to_owned()
    };
    let name = first(["app.kubernetes.io/name", "app"], workload.meta.name.value);
    let revision = first(["app.kubernetes.io/version", "version"], "latest");
    let added = [
        ("security.istio.io/tlsMode", "istio".to_owned()),
        ("service.istio.io/canonical-name", name),
        ("service.istio.io/canonical-revision", revision),
    ];
    for (key, value) in added {
        labels.entry(key.to_owned()).or_insert(value);
    }
    labels
}
