//! What only a waypoint can do in ambient mode: ztunnel sees connections, not requests.

use crate::mesh::{Mesh, Service};
use crate::model::destination_rule::{DestinationRule, TrafficPolicy};
use crate::model::networking::PolicyTargetReference;
use crate::model::security::{Attached, Telemetry};
use crate::model::virtual_service::VirtualService;
use crate::model::{Labels, Meta, Object, Str};
use crate::source::Span;

/// A policy that looks at requests.
pub struct Policy<'m> {
    pub meta: &'m Meta<'m>,
    pub selector: Option<&'m Labels<'m>>,
    pub targets: Vec<&'m PolicyTargetReference<'m>>,
    /// Where `selector` is written, if it is.
    pub selector_at: Option<Span>,
    /// What takes a waypoint, for messages.
    pub what: &'static str,
}

/// The policies that look at requests.
pub fn policies<'m>(mesh: &Mesh<'m>) -> Vec<Policy<'m>> {
    let resources = mesh.resources;
    let mut all = Vec::new();
    for object in &resources.authorization_policies {
        if object.spec.constraints().any(|list| list.subject.is_http()) {
            all.push(policy(&object.meta, &object.spec, "conditions on requests"));
        }
    }
    for object in &resources.request_authentications {
        all.push(policy(&object.meta, &object.spec, "tokens"));
    }
    for object in &resources.wasm_plugins {
        all.push(policy(&object.meta, &object.spec, "a Wasm plugin"));
    }
    for object in &resources.telemetries {
        if looks_at_requests(&object.spec) {
            all.push(policy(&object.meta, &object.spec, "telemetry of requests"));
        }
    }
    all
}

fn policy<'m>(meta: &'m Meta<'m>, spec: &'m impl Attached<'m>, what: &'static str) -> Policy<'m> {
    let selector_at = meta.root.get("spec").and_then(|spec| spec.key_at("selector"));
    Policy { meta, selector: spec.selector(), targets: spec.targets(), selector_at, what }
}

fn looks_at_requests(telemetry: &Telemetry<'_>) -> bool {
    let overrides = telemetry.metrics.iter().any(|metrics| !metrics.overrides.is_empty());
    !telemetry.tracing.is_empty() || !telemetry.access_logging.is_empty() || overrides
}

/// Settings of traffic for hosts, which take a waypoint.
pub struct Routing<'m> {
    pub meta: &'m Meta<'m>,
    pub hosts: Vec<Str<'m>>,
}

impl<'m> Routing<'m> {
    /// A VirtualService of a mesh with ambient namespaces, if it is about requests there.
    pub fn of_virtual_service(mesh: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>) -> Option<Self> {
        let counts = mesh.has_ambient() && mesh.applies_to_sidecars(&service.spec) && routes_requests(&service.spec);
        counts.then(|| Self { meta: &service.meta, hosts: service.spec.hosts.clone() })
    }

    /// A DestinationRule of a mesh with ambient namespaces, if it is about requests.
    pub fn of_destination_rule(mesh: &Mesh<'m>, rule: &'m Object<'m, DestinationRule<'m>>) -> Option<Self> {
        let counts = mesh.has_ambient() && sets_requests(&rule.spec);
        counts.then(|| Self { meta: &rule.meta, hosts: rule.spec.host.into_iter().collect() })
    }

    /// The services that it is for, each with the host as it is written. Wildcards are left out.
    pub fn services<'s>(&self, mesh: &'s Mesh<'m>) -> Vec<(Str<'m>, &'s Service<'m>)> {
        let hosts = self.hosts.iter().filter(|host| !host.value.contains('*'));
        let resolved = hosts.flat_map(|host| {
            let full = mesh.full_name(host.value, self.meta.namespace);
            mesh.services_named(&full).map(|service| (*host, service)).collect::<Vec<_>>()
        });
        resolved.collect()
    }
}

fn routes_requests(service: &VirtualService<'_>) -> bool {
    !service.http.is_empty() || !service.tls.is_empty()
}

fn sets_requests(rule: &DestinationRule<'_>) -> bool {
    rule.policies().any(|(_, policy)| {
        let http = policy.connection_pool.as_ref().is_some_and(|pool| pool.http.is_some());
        http || policy.outlier_detection.is_some() || hashes_requests(policy)
    })
}

fn hashes_requests(policy: &TrafficPolicy<'_>) -> bool {
    let hash = policy.load_balancer.as_ref().and_then(|balancer| balancer.consistent_hash.as_ref());
    hash.is_some_and(|hash| hash.http_header_name.is_some() || hash.http_cookie.is_some())
}
