//! Where the traffic of a cluster may go, as EDS tells a proxy (istio 1.31
//! `pilot/pkg/xds/endpoints/endpoint_builder.go`).

mod locality;
mod members;

use std::sync::Arc;

use crate::envoy::cluster::{Cluster, Discovery, DiscoveryType};
use crate::envoy::endpoint::{ClusterLoadAssignment, LocalityLbEndpoints};
use crate::mesh::{MergedRule, ServicePort};

use super::Context;
use super::names::ClusterName;
use super::policy::Policy;
use super::push::Service;
use super::shared::address as address_of;

use members::Group;

pub(super) use locality::Balancing;
pub(super) use members::address;

/// What the endpoints are wanted for: a port of a service, or of a subset.
#[derive(Clone, Copy)]
pub(super) struct Backends<'q, 't> {
    pub service: &'t Service<'t>,
    pub port: &'t ServicePort<'t>,
    pub rule: Option<&'t MergedRule<'t>>,
    /// Empty for all endpoints, as is one that the rule does not have.
    pub subset: &'q str,
    /// Only those that are sent mutual TLS: a gateway that passes it through cannot tell.
    pub only_mutual: bool,
}

/// What the endpoints of a cluster depend on.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct AssignmentKey {
    service: usize,
    port: usize,
    rule: usize,
    subset: usize,
    only_mutual: bool,
    view: Vec<String>,
}

/// The answers of EDS for those clusters that ask, sorted by name.
pub(super) fn load_assignments(
    context: &Context<'_, '_>,
    clusters: &[Arc<Cluster>],
) -> Vec<Arc<ClusterLoadAssignment>> {
    let asking = clusters.iter().filter(|cluster| cluster.discovery == Some(Discovery::Type(DiscoveryType::Eds)));
    let names = asking.filter_map(|cluster| Some(cluster.eds_cluster_config.as_ref()?.service_name.as_str()));
    let mut assignments: Vec<_> = names.map(|name| load_assignment(context, name)).collect();
    assignments.sort_by(|left, right| left.cluster_name.cmp(&right.cluster_name));
    assignments
}

fn load_assignment(context: &Context<'_, '_>, name: &str) -> Arc<ClusterLoadAssignment> {
    let named =
        |endpoints| Arc::new(ClusterLoadAssignment { cluster_name: name.to_owned(), endpoints, ..Default::default() });
    let Some(backends) = backends(context, name) else { return named(Vec::new()) };
    let make = || named(discovered(context, &backends));
    match backends.key(context) {
        Some(key) => context.shared.assignments.get_or_make(key, make),
        None => make(),
    }
}

/// What a cluster of this name is for; `None` if the proxy knows no such port.
fn backends<'q, 't>(context: &Context<'_, 't>, name: &'q str) -> Option<Backends<'q, 't>> {
    let name = ClusterName::parse(name)?;
    let service = context.scope.service(name.host)?;
    let rule = context.destination_rule(service.service);
    let port = service.port(name.port)?;
    Some(Backends { service: service.service, port, rule, subset: name.subset, only_mutual: name.is_sni })
}

/// Endpoints for a cluster that finds them by EDS. Names cannot be sent that way. The policy that mesh gives to all has no
/// part in how they are arranged.
fn discovered<'t>(context: &Context<'_, 't>, backends: &Backends<'_, 't>) -> Vec<LocalityLbEndpoints> {
    let mut groups = members::groups(context, backends, |endpoint| endpoint.port == 0 || endpoint.is_ip());
    let policy = backends.policy();
    if let Some(balancing) = Balancing::in_force(context, policy.load_balancer, backends.service) {
        balancing.arrange(&mut groups, context.proxy, policy.outlier_detection.is_some());
    }
    groups.into_iter().map(Group::into_envoy).collect()
}

/// Endpoints for a cluster that resolves their names itself; `None` if it has none. `outliers` tells whether the cluster
/// ejects endpoints.
pub(super) fn resolved<'t>(
    context: &Context<'_, 't>,
    backends: &Backends<'_, 't>,
    balancing: Option<&Balancing<'_>>,
    outliers: bool,
) -> Option<Vec<LocalityLbEndpoints>> {
    let mut groups = members::groups(context, backends, |_| true);
    if groups.is_empty() {
        return None;
    }
    if let Some(balancing) = balancing {
        // Subsets of such services are not arranged by labels.
        let is_whole = backends.subset.is_empty() && !backends.only_mutual;
        match is_whole {
            true => balancing.arrange(&mut groups, context.proxy, outliers),
            false => balancing.arrange_by_place(&mut groups, context.proxy, outliers),
        }
    }
    Some(groups.into_iter().map(Group::into_envoy).collect())
}

impl<'t> Backends<'_, 't> {
    /// `None` where the name of the cluster would be needed, too: its subset is none of the rule's.
    fn key(&self, context: &Context<'_, 't>) -> Option<AssignmentKey> {
        let subset = self.rule.and_then(|rule| rule.subset(self.subset));
        if subset.is_none() && !self.subset.is_empty() {
            return None;
        }
        let policy = self.policy();
        let places = Balancing::in_force(context, policy.load_balancer, self.service);
        let mut view =
            places.map_or(Vec::new(), |places| places.view(context.proxy, policy.outlier_detection.is_some()));
        if self.service.is_node_local() {
            view.push(context.proxy.node_name.to_owned());
        }
        Some(AssignmentKey {
            service: address_of(Some(self.service)),
            port: address_of(Some(self.port)),
            rule: address_of(self.rule),
            subset: address_of(subset),
            only_mutual: self.only_mutual,
            view,
        })
    }

    /// What the rule says, without the policy of the mesh.
    fn policy(&self) -> Policy<'t> {
        let subset = self.rule.and_then(|rule| rule.subset(self.subset));
        let own = subset.and_then(|subset| subset.subset.traffic_policy.as_deref());
        Policy::of_service(self.rule, self.port.number, None).with_subset(own, self.port.number)
    }
}
