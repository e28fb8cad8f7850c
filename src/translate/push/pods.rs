//! The pods of a mesh: those of the input, and those that its workloads would have.

use std::borrow::Cow;

use rustc_hash::FxHashMap;

use crate::mesh::{Injection, Mesh, Workload, WorkloadKind};
use crate::model::{Kind, Labels};
use crate::translate::proxy::Locality;
use crate::yaml::{Node, Scalar};

use super::endpoints::{TLS_MODE, TlsMode};

/// A pod of the input, or one that something in the input would make.
#[derive(Clone, Debug)]
pub(in crate::translate) struct Pod<'m> {
    pub name: Cow<'m, str>,
    pub ip: Cow<'m, str>,
    pub workload: &'m Workload<'m>,
    pub locality: Locality<'m>,
    pub node: &'m str,
    pub tls: TlsMode,
    pub ready: bool,
}

impl Pod<'_> {
    /// Whether its address is one that no resource tells.
    pub fn is_invented(&self) -> bool {
        matches!(self.ip, Cow::Owned(_))
    }
}

/// The pods of the mesh, those of templates invented.
pub(super) fn pods<'m>(mesh: &'m Mesh<'m>) -> Vec<Pod<'m>> {
    let nodes: FxHashMap<_, _> =
        mesh.resources.nodes.iter().map(|node| (node.meta.name.value, &node.meta.labels)).collect();
    let mut invented = 0;
    let mut pods = Vec::new();
    for workload in &mesh.workloads {
        match workload.kind {
            WorkloadKind::Pod(spec) => {
                let root = workload.meta.root;
                let ip = root.path(&["status", "podIP"]).and_then(|node| node.as_str());
                let node = spec.node_name.map_or("", |name| name.value);
                pods.push(Pod {
                    name: workload.meta.name.value.into(),
                    ip: ip.map_or_else(|| invented_ip(&mut invented).into(), Cow::Borrowed),
                    locality: locality_of(workload.labels, nodes.get(node).copied()),
                    tls: tls_of(mesh, workload),
                    ready: is_ready(workload),
                    workload,
                    node,
                });
            }
            WorkloadKind::Template(_) if !has_pods(mesh, workload) => {
                for number in 0..replicas(mesh, workload) {
                    pods.push(Pod {
                        name: pod_name(workload, number).into(),
                        ip: invented_ip(&mut invented).into(),
                        locality: locality_of(workload.labels, None),
                        tls: tls_of(mesh, workload),
                        ready: true,
                        workload,
                        node: "",
                    });
                }
            }
            _ => {}
        }
    }
    pods
}

fn invented_ip(next: &mut u32) -> String {
    let number = *next;
    *next += 1;
    format!("10.244.{}.{}", number / 250, number % 250 + 1)
}

/// As the controllers of Kubernetes name pods, with numbers in place of random letters.
fn pod_name(workload: &Workload<'_>, number: i64) -> String {
    let name = workload.meta.name.value;
    match workload.meta.kind {
        Kind::StatefulSet => format!("{name}-{number}"),
        Kind::Deployment | Kind::Rollout => format!("{name}-5d4f8c7b9-0000{number}"),
        _ => format!("{name}-0000{number}"),
    }
}

fn replicas(mesh: &Mesh<'_>, workload: &Workload<'_>) -> i64 {
    match workload.meta.kind {
        Kind::DaemonSet => mesh.resources.nodes.len().max(1) as i64,
        _ => workload.replicas.unwrap_or(1),
    }
}

/// Whether the input shows pods that a template made.
fn has_pods<'m>(mesh: &'m Mesh<'m>, template: &Workload<'m>) -> bool {
    !template.labels.is_empty()
        && mesh.select(template.namespace, template.labels).iter().any(|pod| matches!(pod.kind, WorkloadKind::Pod(_)))
}

fn is_ready(workload: &Workload<'_>) -> bool {
    let conditions = workload.meta.root.path(&["status", "conditions"]);
    let ready = conditions
        .into_iter()
        .flat_map(|list| list.items())
        .find(|condition| condition.get("type").and_then(|kind| kind.as_str()) == Some("Ready"));
    ready.and_then(|condition| condition.get("status")?.as_str()).is_none_or(|status| status == "True")
}

/// What the injector would write, where the label itself is not there.
pub(super) fn tls_of<'m>(mesh: &Mesh<'m>, workload: &Workload<'m>) -> TlsMode {
    match workload.labels.text(TLS_MODE) {
        Some("istio") => TlsMode::Istio,
        Some(_) => TlsMode::Disabled,
        None if mesh.injection(workload) == Injection::Sidecar => TlsMode::Istio,
        None => TlsMode::Disabled,
    }
}

/// Of a pod by its labels, else by those of its node.
pub(in crate::translate) fn locality_of<'m>(labels: &Labels<'m>, node: Option<&Labels<'m>>) -> Locality<'m> {
    let own = labels.text("topology.istio.io/locality").or_else(|| labels.text("istio-locality"));
    if let Some(text) = own.filter(|text| !text.is_empty()) {
        return Locality::parse(text);
    }
    let part = |keys: [&str; 2]| {
        let node = node?;
        keys.iter().find_map(|key| node.text(key))
    };
    Locality {
        region: part(["topology.kubernetes.io/region", "failure-domain.beta.kubernetes.io/region"]).unwrap_or_default(),
        zone: part(["topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone"]).unwrap_or_default(),
        sub_zone: node.and_then(|node| node.text("topology.istio.io/subzone")).unwrap_or_default(),
    }
}

/// What runs a pod (istio 1.31 `pkg/kube/util.go`, `GetWorkloadMetaFromPod`).
pub(super) fn workload_name<'m>(pod: &Pod<'m>) -> Cow<'m, str> {
    let workload = pod.workload;
    if let Some(name) = workload.labels.text("service.istio.io/workload-name") {
        return name.into();
    }
    match workload.kind {
        WorkloadKind::Pod(_) => owner(workload).map_or_else(|| pod.name.clone(), Cow::Borrowed),
        _ => workload.meta.name.value.into(),
    }
}

/// The controller of a pod whose name was generated; what controls a ReplicaSet or the Job of a CronJob itself.
fn owner<'m>(workload: &Workload<'m>) -> Option<&'m str> {
    let metadata = workload.meta.root.get("metadata")?;
    metadata.get("generateName").and_then(|name| name.as_str()).filter(|name| !name.is_empty())?;
    let is_controller =
        |owner: &Node<'_>| owner.get("controller").and_then(|node| node.scalar()) == Some(Scalar::Bool(true));
    let owner = metadata.get("ownerReferences").into_iter().flat_map(|list| list.items()).find(is_controller)?;
    let name = owner.get("name")?.as_str()?;
    match owner.get("kind").and_then(|kind| kind.as_str()) {
        Some("ReplicaSet") => {
            let hashes = ["pod-template-hash", "rollouts-pod-template-hash"];
            let suffixes = hashes.iter().filter_map(|key| workload.labels.text(key).filter(|hash| !hash.is_empty()));
            let stems = suffixes.filter_map(|hash| name.strip_suffix(hash)?.strip_suffix('-'));
            Some(stems.into_iter().next().unwrap_or(name))
        }
        Some("Job") => {
            let stem = name
                .rsplit_once('-')
                .filter(|(_, time)| (8..=10).contains(&time.len()) && time.bytes().all(|byte| byte.is_ascii_digit()));
            Some(stem.map_or(name, |(stem, _)| stem))
        }
        _ => Some(name),
    }
}
