//! What a workload imports (istio 1.31 `pilot/pkg/model/sidecar.go`).

use crate::model::networking::Sidecar;
use crate::model::{Labels, Object, Str};

use super::hosts::{host_matches, host_subset_of};
use super::{Mesh, Service, by_age};

/// An entry of `egress[].hosts`.
#[derive(Clone, Copy, Debug)]
pub struct EgressHost<'m> {
    pub text: Str<'m>,
    /// `~`: what matches is not imported after all.
    pub exclude: bool,
    /// `None` is any.
    pub namespace: Option<&'m str>,
    pub host: &'m str,
}

impl<'m> EgressHost<'m> {
    /// `namespace/host`, where the namespace may be `.`, `*` or start with `~`.
    pub fn parse(text: Str<'m>, own: &'m str) -> Option<Self> {
        let (namespace, host) = text.value.split_once('/')?;
        let (exclude, namespace) = match namespace.strip_prefix('~') {
            Some(rest) => (true, rest),
            None => (false, namespace),
        };
        let namespace = match namespace {
            "*" | "" => None,
            "." => Some(own),
            name => Some(name),
        };
        Some(Self { text, exclude, namespace, host })
    }

    /// Services count by the namespace of their object and by being within the host.
    pub fn selects(&self, service: &Service<'_>) -> bool {
        self.namespace.is_none_or(|namespace| namespace == service.namespace)
            && host_subset_of(&service.host, self.host)
    }
}

/// What the proxy of a workload knows of: everything, or what a Sidecar lets in.
#[derive(Clone, Debug)]
pub struct SidecarScope<'m> {
    /// `None`: all that is exported to the namespace.
    pub sidecar: Option<&'m Object<'m, Sidecar<'m>>>,
    hosts: Vec<EgressHost<'m>>,
}

impl<'m> SidecarScope<'m> {
    /// Whether a listener of the Sidecar imports the service. Destinations of imported VirtualServices come on top.
    pub fn imports(&self, service: &Service<'_>) -> bool {
        self.decides(|host| host.selects(service))
    }

    /// VirtualServices count by their own namespace and by any overlap with the host.
    pub fn imports_virtual_service(&self, host: &str, namespace: &str) -> bool {
        self.decides(|own| own.namespace.is_none_or(|only| only == namespace) && host_matches(own.host, host))
    }

    fn decides(&self, selects: impl Fn(&EgressHost<'m>) -> bool) -> bool {
        if self.hosts.is_empty() {
            return true;
        }
        let (excluding, including): (Vec<_>, Vec<_>) = self.hosts.iter().partition(|host| host.exclude);
        including.into_iter().any(&selects) && !excluding.into_iter().any(&selects)
    }
}

impl<'m> Mesh<'m> {
    /// The Sidecar in force for workloads with these labels: the oldest that selects them, the oldest of the namespace
    /// without selector, the one without selector of the root namespace.
    pub fn sidecar(&self, namespace: &str, labels: &Labels<'_>) -> Option<&'m Object<'m, Sidecar<'m>>> {
        let of = |namespace: &str| {
            by_age(self.resources.sidecars.iter().filter(|sidecar| sidecar.meta.namespace == namespace))
        };
        let own = of(namespace);
        let selecting = own.iter().find(|sidecar| selector(sidecar).is_some_and(|own| labels.contains(own)));
        let default = || own.iter().find(|sidecar| selector(sidecar).is_none());
        let found = selecting.or_else(default).copied();
        found.or_else(|| of(self.settings.root_namespace).into_iter().find(|sidecar| selector(sidecar).is_none()))
    }

    pub fn sidecar_scope(&self, namespace: &'m str, labels: &Labels<'_>) -> SidecarScope<'m> {
        scope(self.sidecar(namespace, labels), namespace)
    }

    /// The scope of the workloads of `namespace` that no Sidecar selects.
    pub fn default_sidecar_scope(&self, namespace: &'m str) -> SidecarScope<'m> {
        self.sidecar_scope(namespace, &Labels::default())
    }
}

fn scope<'m>(sidecar: Option<&'m Object<'m, Sidecar<'m>>>, namespace: &'m str) -> SidecarScope<'m> {
    let written = sidecar.into_iter().flat_map(|sidecar| &sidecar.spec.egress).flat_map(|listener| &listener.hosts);
    let hosts = written.filter_map(|text| EgressHost::parse(*text, namespace)).collect();
    SidecarScope { sidecar, hosts }
}

/// `workloadSelector: {}` counts as a selector: it selects everything.
fn selector<'s, 'm>(sidecar: &'s Object<'m, Sidecar<'m>>) -> Option<&'s Labels<'m>> {
    sidecar.spec.workload_selector.as_ref().map(|selector| &selector.labels)
}
