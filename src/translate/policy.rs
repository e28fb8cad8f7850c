//! The traffic policy in force for a port of a service, or of one of its subsets (istio 1.31
//! `pilot/pkg/networking/util/util.go` and `core/cluster_builder.go`, `MergeTrafficPolicy`).

use crate::mesh::MergedRule;
use crate::model::destination_rule::{
    ClientTlsSettings, ConnectionPoolSettings, LoadBalancerSettings, OutlierDetection, PortTrafficPolicy,
    ProxyProtocol, RetryBudget, TrafficPolicy, TunnelSettings,
};

/// Blocks of a policy; each comes as a whole from one place.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Policy<'t> {
    pub connection_pool: Option<&'t ConnectionPoolSettings<'t>>,
    pub load_balancer: Option<&'t LoadBalancerSettings<'t>>,
    pub outlier_detection: Option<&'t OutlierDetection<'t>>,
    pub tls: Option<&'t ClientTlsSettings<'t>>,
    pub tunnel: Option<&'t TunnelSettings<'t>>,
    pub proxy_protocol: Option<&'t ProxyProtocol<'t>>,
    pub retry_budget: Option<&'t RetryBudget<'t>>,
}

impl<'t> Policy<'t> {
    /// All of a policy but its settings for ports.
    pub fn of(policy: &'t TrafficPolicy<'t>) -> Self {
        Self {
            connection_pool: policy.connection_pool.as_deref(),
            load_balancer: policy.load_balancer.as_deref(),
            outlier_detection: policy.outlier_detection.as_deref(),
            tls: policy.tls.as_deref(),
            tunnel: policy.tunnel.as_deref(),
            proxy_protocol: policy.proxy_protocol.as_deref(),
            retry_budget: policy.retry_budget.as_deref(),
        }
    }

    pub fn of_port(policy: &'t PortTrafficPolicy<'t>) -> Self {
        Self {
            connection_pool: policy.connection_pool.as_deref(),
            load_balancer: policy.load_balancer.as_deref(),
            outlier_detection: policy.outlier_detection.as_deref(),
            tls: policy.tls.as_deref(),
            ..Self::default()
        }
    }

    /// What holds for a port of a service: the settings of the port alone if there are any, else those of the rule; what
    /// neither says about pools and outliers, the mesh may.
    pub fn of_service(rule: Option<&'t MergedRule<'t>>, port: i64, mesh: Option<&'t TrafficPolicy<'t>>) -> Self {
        let own = rule.and_then(|rule| rule.traffic_policy);
        let mut policy = match own {
            Some(own) => port_settings(own, port).map_or_else(|| Self::of(own), Self::of_port),
            None => Self::default(),
        };
        if let Some(mesh) = mesh {
            policy.connection_pool = policy.connection_pool.or(mesh.connection_pool.as_deref());
            policy.outlier_detection = policy.outlier_detection.or(mesh.outlier_detection.as_deref());
        }
        policy
    }

    /// The same with what a subset says over it.
    pub fn with_subset(self, subset: Option<&'t TrafficPolicy<'t>>, port: i64) -> Self {
        let Some(subset) = subset else { return self };
        if let Some(of_port) = port_settings(subset, port) {
            return Self {
                tunnel: self.tunnel,
                proxy_protocol: self.proxy_protocol,
                retry_budget: self.retry_budget,
                ..Self::of_port(of_port)
            };
        }
        let own = Self::of(subset);
        Self {
            connection_pool: own.connection_pool.or(self.connection_pool),
            load_balancer: own.load_balancer.or(self.load_balancer),
            outlier_detection: own.outlier_detection.or(self.outlier_detection),
            tls: own.tls.or(self.tls),
            tunnel: own.tunnel.or(self.tunnel),
            proxy_protocol: own.proxy_protocol.or(self.proxy_protocol),
            retry_budget: own.retry_budget.or(self.retry_budget),
        }
    }
}

/// The mode of TLS settings; those that name none turn TLS off.
pub(super) fn tls_mode<'t>(settings: &ClientTlsSettings<'t>) -> &'t str {
    settings.mode.map_or("DISABLE", |mode| mode.value)
}

/// Whether connections go where the client sent them.
pub(super) fn passes_through(load_balancer: Option<&LoadBalancerSettings<'_>>) -> bool {
    load_balancer.and_then(|balancer| balancer.simple).is_some_and(|simple| simple.value == "PASSTHROUGH")
}

/// `portLevelSettings` of a policy for a port of the service.
pub(super) fn port_settings<'t>(policy: &'t TrafficPolicy<'t>, port: i64) -> Option<&'t PortTrafficPolicy<'t>> {
    let is_for = |settings: &&PortTrafficPolicy<'_>| {
        settings.port.as_ref().and_then(|selector| selector.number).is_some_and(|number| number.value == port)
    };
    policy.port_level_settings.iter().find(is_for)
}
