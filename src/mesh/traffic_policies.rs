//! The traffic policy of a cluster (istio 1.31 `pilot/pkg/networking/util/util.go`, `MergeTrafficPolicy`).

use crate::model::Object;
use crate::model::destination_rule::{
    ClientTlsSettings, ConnectionPoolSettings, LoadBalancerSettings, OutlierDetection, TrafficPolicy,
};
use crate::model::virtual_service::{Destination, VirtualService};

use super::{MergedRule, Mesh};

/// What holds for a host, a subset of it if one is meant, and a port.
#[derive(Clone, Copy, Debug, Default)]
pub struct ClusterPolicy<'m> {
    pub load_balancer: Option<&'m LoadBalancerSettings<'m>>,
    pub connection_pool: Option<&'m ConnectionPoolSettings<'m>>,
    pub outlier_detection: Option<&'m OutlierDetection<'m>>,
    pub tls: Option<&'m ClientTlsSettings<'m>>,
}

impl<'m> ClusterPolicy<'m> {
    /// The fields of `policy` instead of these, where it has them. An entry for the port replaces all, also by nothing.
    fn overlaid(mut self, policy: &'m TrafficPolicy<'m>, port: Option<i64>) -> Self {
        let mut entries = policy.port_level_settings.iter();
        if let Some(entry) = entries.rfind(|entry| port.is_some() && entry.number() == port) {
            return Self {
                load_balancer: entry.load_balancer.as_deref(),
                connection_pool: entry.connection_pool.as_deref(),
                outlier_detection: entry.outlier_detection.as_deref(),
                tls: entry.tls.as_deref(),
            };
        }
        self.load_balancer = policy.load_balancer.as_deref().or(self.load_balancer);
        self.connection_pool = policy.connection_pool.as_deref().or(self.connection_pool);
        self.outlier_detection = policy.outlier_detection.as_deref().or(self.outlier_detection);
        self.tls = policy.tls.as_deref().or(self.tls);
        self
    }
}

impl<'m> MergedRule<'m> {
    pub fn policy(&self, subset: Option<&str>, port: Option<i64>) -> ClusterPolicy<'m> {
        let subset = subset.and_then(|name| self.subset(name)).map(|found| found.subset);
        let policies = [self.traffic_policy, subset.and_then(|subset| subset.traffic_policy.as_deref())];
        policies.into_iter().flatten().fold(ClusterPolicy::default(), |own, policy| own.overlaid(policy, port))
    }
}

impl<'m> Mesh<'m> {
    /// The policy by which clients of a VirtualService reach a destination: in the first namespace of clients for which
    /// a rule is in force; in its own if the input shows no client.
    pub fn policy_of(
        &self,
        service: &'m Object<'m, VirtualService<'m>>,
        destination: &Destination<'m>,
    ) -> Option<ClusterPolicy<'m>> {
        let own = service.meta.namespace;
        let full = self.full_name(destination.host?.value, own);
        let owner = self.service(&full, own).service().map_or(own, |found| found.namespace);
        let clients = self.clients(service);
        let namespaces = clients.iter().map(|client| client.namespace).chain(clients.is_empty().then_some(own));
        let mut rules = namespaces.filter_map(|client| self.destination_rule_for_host(client, None, &full, owner));
        let subset = destination.subset.map(|subset| subset.value);
        let port = destination.port.as_ref().and_then(|port| port.number).map(|number| number.value);
        rules.next().map(|rule| rule.policy(subset, port))
    }
}
