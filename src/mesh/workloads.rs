use rustc_hash::FxHashMap;

use crate::model::kubernetes::{Container, ContainerPort, PodController, PodSpec};
use crate::model::networking::{WorkloadEntry, WorkloadGroup};
use crate::model::security::Metadata;
use crate::model::{Labels, Map, Meta, Object, Resources, Str};

use super::{Mesh, Service, TargetPort};

/// Something that runs, or makes something run, with labels by which it is selected.
#[derive(Clone, Debug)]
pub struct Workload<'m> {
    pub kind: WorkloadKind<'m>,
    /// The object that it comes from.
    pub meta: &'m Meta<'m>,
    pub namespace: &'m str,
    /// Of the pods, not of what makes them.
    pub labels: &'m Labels<'m>,
    pub annotations: &'m Labels<'m>,
    pub service_account: &'m str,
    /// How many of it there are, where the input tells.
    pub replicas: Option<i64>,
}

#[derive(Clone, Copy, Debug)]
pub enum WorkloadKind<'m> {
    Pod(&'m PodSpec<'m>),
    /// The template of a Deployment, StatefulSet, DaemonSet, ReplicaSet, Job, CronJob, ReplicationController or Rollout.
    Template(&'m PodSpec<'m>),
    Entry(&'m WorkloadEntry<'m>),
    Group(&'m WorkloadGroup<'m>),
}

/// Whether a proxy runs beside a workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Injection {
    Sidecar,
    Ambient,
    /// The input says that there is none.
    None,
    /// The input does not say: no Namespace object, and nothing on the pod.
    Unknown,
}

/// The workloads that a selector selects.
#[derive(Clone, Debug, Default)]
pub struct Selection<'s, 'm>(Vec<&'s Workload<'m>>);

impl<'s, 'm> Selection<'s, 'm> {
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &'s Workload<'m>> {
        self.0.iter().copied()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }
}

impl<'m> Workload<'m> {
    pub fn pod(&self) -> Option<&'m PodSpec<'m>> {
        match self.kind {
            WorkloadKind::Pod(spec) | WorkloadKind::Template(spec) => Some(spec),
            WorkloadKind::Entry(_) | WorkloadKind::Group(_) => None,
        }
    }

    /// The ports that the containers declare. Containers may listen on others, too.
    pub fn container_ports(&self) -> impl Iterator<Item = &'m ContainerPort<'m>> {
        self.pod().into_iter().flat_map(PodSpec::ports)
    }

    /// Whether it makes pods, rather than being one.
    pub fn is_template(&self) -> bool {
        matches!(self.kind, WorkloadKind::Template(_))
    }

    /// Whether it has a container for the proxy, as gateways and injected pods do.
    pub fn runs_proxy(&self) -> bool {
        self.proxy().is_some()
    }

    /// The image of the proxy, where it is left to the injector.
    pub fn auto_image(&self) -> Option<Str<'m>> {
        self.proxy()?.image.filter(|image| image.value == "auto")
    }

    /// The container of the proxy.
    pub fn proxy(&self) -> Option<&'m Container<'m>> {
        let pod = self.pod()?;
        let mut containers = pod.containers.iter().chain(&pod.init_containers);
        containers.find(|container| container.name.is_some_and(|name| name.value == "istio-proxy"))
    }

    /// The number behind the target port of a service; `None` if no container port has that name.
    pub fn port_number(&self, target: TargetPort<'_>) -> Option<i64> {
        match target {
            TargetPort::Number(number) => Some(number),
            TargetPort::Name(name) => {
                let named = |port: &&ContainerPort<'_>| port.name.is_some_and(|own| own.value == name);
                self.container_ports().find(named)?.container_port.map(|port| port.value)
            }
        }
    }

    /// `Deployment shop/web`, for messages.
    pub fn title(&self) -> String {
        format!("{} {}", self.meta.kind.name(), self.meta.full_name())
    }
}

pub(super) fn workloads<'m>(resources: &'m Resources<'m>) -> Vec<Workload<'m>> {
    let mut workloads = Vec::new();
    workloads.extend(resources.pods.iter().map(|pod| Workload {
        kind: WorkloadKind::Pod(&pod.spec),
        meta: &pod.meta,
        namespace: pod.meta.namespace,
        labels: &pod.meta.labels,
        annotations: &pod.meta.annotations,
        service_account: pod.spec.service_account(),
        replicas: Some(1),
    }));
    let controllers = [
        &resources.deployments,
        &resources.stateful_sets,
        &resources.daemon_sets,
        &resources.replica_sets,
        &resources.replication_controllers,
        &resources.jobs,
        &resources.rollouts,
    ];
    for controller in controllers.into_iter().flatten() {
        workloads.extend(template(&controller.meta, &controller.spec));
    }
    for cron_job in &resources.cron_jobs {
        let job = cron_job.spec.job_template.as_ref().and_then(|template| template.spec.as_ref());
        workloads.extend(job.and_then(|job| template(&cron_job.meta, job)));
    }
    workloads.extend(resources.workload_entries.iter().map(entry));
    workloads.extend(resources.workload_groups.iter().filter_map(group));
    workloads
}

fn template<'m>(meta: &'m Meta<'m>, controller: &'m PodController<'m>) -> Option<Workload<'m>> {
    let template = controller.template.as_ref()?;
    let metadata = template.metadata.as_ref();
    let spec = template.spec.as_ref()?;
    Some(Workload {
        kind: WorkloadKind::Template(spec),
        meta,
        namespace: meta.namespace,
        labels: metadata.map_or(no_labels(), |metadata: &Metadata<'_>| &metadata.labels),
        annotations: metadata.map_or(no_labels(), |metadata: &Metadata<'_>| &metadata.annotations),
        service_account: spec.service_account(),
        replicas: Some(controller.replicas.map_or(1, |replicas| replicas.value)),
    })
}

fn entry<'m>(object: &'m Object<'m, WorkloadEntry<'m>>) -> Workload<'m> {
    Workload {
        kind: WorkloadKind::Entry(&object.spec),
        meta: &object.meta,
        namespace: object.meta.namespace,
        labels: &object.spec.labels,
        annotations: &object.meta.annotations,
        service_account: object.spec.service_account.map_or("default", |name| name.value),
        replicas: Some(1),
    }
}

fn group<'m>(object: &'m Object<'m, WorkloadGroup<'m>>) -> Option<Workload<'m>> {
    let template = object.spec.template.as_ref();
    let labels = match object.spec.metadata.as_ref() {
        Some(metadata) if !metadata.labels.is_empty() => &metadata.labels,
        _ => template.map_or(no_labels(), |template| &template.labels),
    };
    Some(Workload {
        kind: WorkloadKind::Group(&object.spec),
        meta: &object.meta,
        namespace: object.meta.namespace,
        labels,
        annotations: object.spec.metadata.as_ref().map_or(no_labels(), |metadata| &metadata.annotations),
        service_account: template.and_then(|template| template.service_account).map_or("default", |name| name.value),
        replicas: None,
    })
}

pub(super) fn no_labels<'m>() -> &'m Labels<'m> {
    static NONE: std::sync::OnceLock<Labels<'static>> = std::sync::OnceLock::new();
    let none: &'static Labels<'static> = NONE.get_or_init(Map::default);
    none
}

/// Workloads by namespace, and by each of their labels.
#[derive(Default)]
pub(super) struct WorkloadIndex<'m> {
    by_namespace: FxHashMap<&'m str, Vec<usize>>,
    by_label: FxHashMap<(&'m str, &'m str, &'m str), Vec<usize>>,
}

impl<'m> WorkloadIndex<'m> {
    pub(super) fn new(workloads: &[Workload<'m>]) -> Self {
        let mut index = Self::default();
        for (at, workload) in workloads.iter().enumerate() {
            index.by_namespace.entry(workload.namespace).or_default().push(at);
            for (key, value) in workload.labels.iter() {
                let places = index.by_label.entry((workload.namespace, key.value, value.value));
                places.or_insert_with(|| Vec::with_capacity(1)).push(at);
            }
        }
        index
    }
}

impl<'m> Mesh<'m> {
    pub fn workloads_in(&self, namespace: &str) -> impl Iterator<Item = &Workload<'m>> {
        let found = self.workload_index.by_namespace.get(namespace);
        found.into_iter().flatten().map(|&at| &self.workloads[at])
    }

    /// Whether the input shows the workloads of `namespace`: it has some, or the user says that nothing is left out.
    pub fn knows_workloads(&self, namespace: &str) -> bool {
        self.settings.options.assume_complete || self.workload_index.by_namespace.contains_key(namespace)
    }

    /// The workloads of `namespace` that have all these labels; an empty selector selects all.
    pub fn select<'s>(&'s self, namespace: &str, selector: &Labels<'_>) -> Selection<'s, 'm> {
        let selected = self.selected(namespace, selector);
        Selection(selected.map(|at| &self.workloads[at]).collect())
    }

    /// The positions of the workloads of `namespace` that have all these labels, in order.
    fn selected<'a, 'l>(
        &'a self,
        namespace: &'a str,
        selector: &'a Labels<'l>,
    ) -> impl Iterator<Item = usize> + use<'a, 'l, 'm> {
        // The rarest label leaves the fewest candidates to compare.
        let lists = selector.iter().map(|(key, value)| {
            let found = self.workload_index.by_label.get(&(namespace, key.value, value.value));
            found.map_or(&[][..], Vec::as_slice)
        });
        let all = self.workload_index.by_namespace.get(namespace).map_or(&[][..], Vec::as_slice);
        let candidates = lists.min_by_key(|list| list.len()).unwrap_or(all);
        candidates.iter().copied().filter(|&at| self.workloads[at].labels.contains(selector))
    }

    /// The workloads of all namespaces that have all these labels.
    pub fn select_everywhere<'s>(&'s self, selector: &Labels<'_>) -> Selection<'s, 'm> {
        let namespaces = self.workload_index.by_namespace.keys();
        let mut selected: Vec<_> = namespaces.flat_map(|namespace| self.selected(namespace, selector)).collect();
        selected.sort_unstable();
        Selection(selected.into_iter().map(|at| &self.workloads[at]).collect())
    }

    /// The workloads that a policy of `namespace` with this selector applies to: those of all namespaces if it is the
    /// root namespace, all of its own if there is no selector.
    pub fn policy_workloads<'s>(&'s self, namespace: &str, selector: Option<&Labels<'_>>) -> Selection<'s, 'm> {
        match (namespace == self.settings.root_namespace, selector) {
            (true, Some(selector)) => self.select_everywhere(selector),
            (true, None) => Selection(self.workloads.iter().collect()),
            (false, Some(selector)) => self.select(namespace, selector),
            (false, None) => Selection(self.workloads_in(namespace).collect()),
        }
    }

    /// Whether Istio injects a proxy into `workload`: its label, then its annotation, then the labels of its namespace
    /// (istio 1.31 `pkg/kube/inject/inject.go`, `injectRequired`).
    pub fn injection(&self, workload: &Workload<'m>) -> Injection {
        const INJECT: &str = "sidecar.istio.io/inject";
        const MODE: &str = "istio.io/dataplane-mode";
        let Some(pod) = workload.pod() else { return Injection::Sidecar };
        if pod.host_network.is_some_and(|on| on.value) {
            return Injection::None;
        }
        if workload.runs_proxy() {
            return Injection::Sidecar;
        }
        match workload.labels.text(INJECT).or_else(|| workload.annotations.text(INJECT)) {
            Some("true") => return Injection::Sidecar,
            Some("false") => return self.ambient(workload).unwrap_or(Injection::None),
            _ => {}
        }
        if let Some(ambient) = self.ambient(workload) {
            return ambient;
        }
        if workload.labels.text("istio.io/rev").is_some() {
            return Injection::Sidecar;
        }
        let Some(namespace) = self.namespace(workload.namespace) else { return Injection::Unknown };
        match namespace.labels.text("istio-injection") {
            Some("enabled") => Injection::Sidecar,
            Some("disabled") => Injection::None,
            _ if namespace.labels.text("istio.io/rev").is_some_and(|revision| !revision.is_empty()) => {
                Injection::Sidecar
            }
            _ if workload.labels.text(MODE) == Some("none") => Injection::None,
            _ => Injection::None,
        }
    }

    /// Whether a sidecar runs beside a workload, as far as the input tells.
    pub fn may_have_proxy(&self, workload: &Workload<'m>) -> bool {
        matches!(self.injection(workload), Injection::Sidecar | Injection::Unknown)
    }

    /// Whether the input says of a workload, or of its namespace, that it is not to have a sidecar.
    pub fn opts_out(&self, workload: &Workload<'m>) -> bool {
        const INJECT: &str = "sidecar.istio.io/inject";
        let own = workload.labels.text(INJECT).or_else(|| workload.annotations.text(INJECT));
        let disabled = || self.namespace(workload.namespace)?.labels.text("istio-injection");
        let written = own == Some("false") || own != Some("true") && disabled() == Some("disabled");
        written && self.injection(workload) == Injection::None
    }

    fn ambient(&self, workload: &Workload<'m>) -> Option<Injection> {
        const MODE: &str = "istio.io/dataplane-mode";
        let own = workload.labels.text(MODE);
        let inherited = || self.namespace(workload.namespace)?.labels.text(MODE);
        match own.or_else(inherited) {
            Some("ambient") => Some(Injection::Ambient),
            _ => None,
        }
    }

    /// The Services and ServiceEntries of its namespace that select a workload.
    pub fn services_of<'s>(&'s self, workload: &'s Workload<'m>) -> impl Iterator<Item = &'s Service<'m>> + 's {
        self.services_selecting(workload.namespace, workload.labels)
    }

    /// The names of the label keys and values that workloads of `namespace` have for `key`, for "did you mean".
    pub fn label_values(&self, namespace: &str, key: &str) -> Vec<Str<'m>> {
        self.workloads_in(namespace).filter_map(|workload| workload.labels.get(key).copied()).collect()
    }
}
