//! Which policies hold for a workload (istio 1.31 `pilot/pkg/model/policyattachment.go`).

use crate::model::networking::{EnvoyFilter, PolicyTargetReference};
use crate::model::security::{Attached, AuthorizationPolicy, RequestAuthentication, Telemetry};
use crate::model::{Labels, Object, Resources, Str};

use super::selectors::SelectorIndex;
use super::workloads::no_labels;
use super::{Mesh, Service, ServicePort, Workload};

/// Policies that select workloads, to be found by workload.
pub(super) struct PolicyIndex<'m> {
    authorization: SelectorIndex<'m>,
    request_authentication: SelectorIndex<'m>,
    envoy_filters: SelectorIndex<'m>,
    telemetries: SelectorIndex<'m>,
}

impl<'m> PolicyIndex<'m> {
    pub(super) fn new(resources: &'m Resources<'m>) -> Self {
        Self {
            authorization: index(&resources.authorization_policies),
            request_authentication: index(&resources.request_authentications),
            envoy_filters: index(&resources.envoy_filters),
            telemetries: index(&resources.telemetries),
        }
    }
}

fn index<'m, T: Attached<'m>>(objects: &'m [Object<'m, T>]) -> SelectorIndex<'m> {
    let selectors = objects.iter().map(|object| match object.spec.targets().is_empty() {
        true => Some((object.meta.namespace, object.spec.selector().unwrap_or(no_labels()))),
        false => None,
    });
    SelectorIndex::new(&selectors.collect::<Vec<_>>())
}

/// The label of the pods of a Gateway API gateway: its name.
const GATEWAY_NAME_LABEL: &str = "gateway.networking.k8s.io/gateway-name";

fn is_gateway(target: &PolicyTargetReference<'_>, gateway: &str, namespace: &str) -> bool {
    let is = |field: Option<Str<'_>>, text| field.is_some_and(|field| field.value == text);
    is(target.group, "gateway.networking.k8s.io")
        && is(target.kind, "Gateway")
        && is(target.name, gateway)
        && target.namespace.is_none_or(|own| own.value.is_empty() || own.value == namespace)
}

/// A port on which a workload is reached through a service.
#[derive(Clone, Copy, Debug)]
pub struct InboundPort<'s, 'm> {
    pub service: &'s Service<'m>,
    pub port: &'s ServicePort<'m>,
    /// Of the workload; `None` if no container port has the name that the service gives.
    pub number: Option<i64>,
}

impl<'m> Mesh<'m> {
    /// The AuthorizationPolicies in force for a workload. Those with targets hold at gateways and waypoints.
    pub fn authorization_policies(
        &self,
        workload: &Workload<'m>,
    ) -> impl Iterator<Item = &'m Object<'m, AuthorizationPolicy<'m>>> {
        self.in_force(&self.resources.authorization_policies, &self.policy_index.authorization, workload)
    }

    /// The RequestAuthentications in force for a workload, those of gateways and waypoints aside.
    pub fn request_authentications(
        &self,
        workload: &Workload<'m>,
    ) -> impl Iterator<Item = &'m Object<'m, RequestAuthentication<'m>>> {
        self.in_force(&self.resources.request_authentications, &self.policy_index.request_authentication, workload)
    }

    /// The AuthorizationPolicies in force for a proxy in `namespace` whose pod has `labels`, in the order of istiod: those
    /// of the root namespace first, older ones first.
    pub fn authorization_policies_of_proxy(
        &self,
        namespace: &str,
        labels: &Labels<'_>,
    ) -> Vec<&'m Object<'m, AuthorizationPolicy<'m>>> {
        let objects = &self.resources.authorization_policies;
        let mut found = self.attached(objects, &self.policy_index.authorization, namespace, labels);
        found.sort_by_key(|object| (object.meta.namespace != self.settings.root_namespace, object.meta.age_order()));
        found
    }

    /// The RequestAuthentications in force for a proxy in `namespace` whose pod has `labels`, in the order of istiod: those
    /// of its own namespace first, older ones first.
    pub fn request_authentications_of_proxy(
        &self,
        namespace: &str,
        labels: &Labels<'_>,
    ) -> Vec<&'m Object<'m, RequestAuthentication<'m>>> {
        let objects = &self.resources.request_authentications;
        let mut found = self.attached(objects, &self.policy_index.request_authentication, namespace, labels);
        found.sort_by_key(|object| (object.meta.namespace != namespace, object.meta.age_order()));
        found
    }

    /// The EnvoyFilters in force for a proxy in `namespace` whose pod has `labels`, in the order in which istiod applies them:
    /// by priority, then those of the root namespace first, then by age.
    pub fn envoy_filters_of_proxy(&self, namespace: &str, labels: &Labels<'_>) -> Vec<&'m Object<'m, EnvoyFilter<'m>>> {
        let objects = &self.resources.envoy_filters;
        let mut found = self.attached(objects, &self.policy_index.envoy_filters, namespace, labels);
        found.sort_by_cached_key(|object| {
            let priority = object.spec.priority.map_or(0, |priority| priority.value);
            let meta = &object.meta;
            // The dot is compared, too: `a-b` comes before `a`.
            let name = format!("{}.{}", meta.name.value, meta.namespace);
            (priority, meta.namespace != self.settings.root_namespace, meta.created.unwrap_or_default(), name)
        });
        found
    }

    /// The Telemetries in force for a proxy in `namespace` whose pod has `labels`, the later ones over the earlier ones: the
    /// default of the root namespace, that of its own, those that select it. The oldest default of a namespace counts
    /// (istio 1.31 `pilot/pkg/model/telemetry.go`, `applicableTelemetries`).
    pub fn telemetries_of_proxy(&self, namespace: &str, labels: &Labels<'_>) -> Vec<&'m Object<'m, Telemetry<'m>>> {
        let objects = &self.resources.telemetries;
        let mut found = self.attached(objects, &self.policy_index.telemetries, namespace, labels);
        found.sort_by_key(|object| object.meta.age_order());
        let is_default =
            |object: &Object<'m, Telemetry<'m>>| object.spec.selector().is_none() && object.spec.targets().is_empty();
        let default_of =
            |place: &str| found.iter().copied().find(|object| object.meta.namespace == place && is_default(object));
        let own = Some(namespace).filter(|own| *own != self.settings.root_namespace);
        let defaults = default_of(self.settings.root_namespace).into_iter().chain(own.and_then(default_of));
        let selecting =
            found.iter().copied().filter(|object| object.meta.namespace == namespace && !is_default(object));
        defaults.chain(selecting).collect()
    }

    /// The policies that select a proxy, and for a gateway of the Gateway API those that name it as their target.
    fn attached<T: Attached<'m>>(
        &self,
        objects: &'m [Object<'m, T>],
        index: &SelectorIndex<'m>,
        namespace: &str,
        labels: &Labels<'_>,
    ) -> Vec<&'m Object<'m, T>> {
        let root = Some(self.settings.root_namespace).filter(|root| *root != namespace);
        let candidates = std::iter::once(namespace).chain(root).flat_map(|place| index.candidates(place, labels));
        let selected = |object: &&Object<'m, T>| object.spec.selector().is_none_or(|own| labels.contains(own));
        let mut found: Vec<_> = candidates.map(|at| &objects[at]).filter(selected).collect();
        if let Some(gateway) = labels.text(GATEWAY_NAME_LABEL) {
            let names_gateway = |object: &&Object<'m, T>| {
                object.meta.namespace == namespace
                    && object.spec.targets().into_iter().any(|target| is_gateway(target, gateway, namespace))
            };
            found.extend(objects.iter().filter(names_gateway));
        }
        found
    }

    fn in_force<T: Attached<'m>>(
        &self,
        objects: &'m [Object<'m, T>],
        index: &SelectorIndex<'m>,
        workload: &Workload<'m>,
    ) -> impl Iterator<Item = &'m Object<'m, T>> {
        let root = self.settings.root_namespace;
        let mut found = index.candidates(workload.namespace, workload.labels);
        if workload.namespace != root {
            found.extend(index.candidates(root, workload.labels));
        }
        let labels = workload.labels;
        let selected = move |object: &&Object<'m, T>| object.spec.selector().is_none_or(|own| labels.contains(own));
        found.into_iter().map(move |at| &objects[at]).filter(selected)
    }

    /// Whether a RequestAuthentication may check the tokens of requests to the target of a policy in `namespace`: it has the
    /// same target, or holds for the whole namespace or by a selector that the input need not tell about.
    pub fn may_check_tokens(&self, namespace: &str, target: &PolicyTargetReference<'_>) -> bool {
        let places = [namespace, self.settings.root_namespace];
        self.resources.request_authentications.iter().filter(|object| places.contains(&object.meta.namespace)).any(
            |object| {
                let targets = object.spec.targets();
                targets.is_empty() || targets.iter().any(|own| own.kind == target.kind && own.name == target.name)
            },
        )
    }

    /// Whether some VirtualService routes by the claims of tokens.
    pub fn routes_by_claim(&self) -> bool {
        self.resources.virtual_services.iter().any(|service| service.spec.claims().next().is_some())
    }

    /// The ports on which services reach a workload.
    pub fn inbound_ports(&self, workload: &Workload<'m>) -> Vec<InboundPort<'_, 'm>> {
        let services = self.services_selecting(workload.namespace, workload.labels);
        let ports = services.flat_map(|service| service.ports.iter().map(move |port| (service, port)));
        ports.map(|(service, port)| InboundPort { service, port, number: workload.port_number(port.target) }).collect()
    }

    /// The label to blame if the input proves that the selector of a policy in `namespace` selects nothing: the first that
    /// no workload has, else the first.
    pub fn selects_nothing(&self, namespace: &str, selector: &Labels<'m>) -> Option<(Str<'m>, Str<'m>)> {
        if !self.knows_workloads(namespace) || !self.policy_workloads(namespace, Some(selector)).is_empty() {
            return None;
        }
        let placeholder = |(key, value): (&Str<'m>, &Str<'m>)| key.is_placeholder() || value.is_placeholder();
        if selector.iter().any(placeholder) {
            return None;
        }
        let unknown = selector.iter().find(|(key, value)| {
            let values = self.label_values(namespace, key.value);
            values.iter().all(|own| own.value != value.value)
        });
        unknown.or(selector.iter().next()).map(|(key, value)| (*key, *value))
    }
}
