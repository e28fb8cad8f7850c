use std::collections::BTreeMap;

use serde_json::json;

use crate::envoy::Object;
use crate::envoy::core::{self, Address, HealthStatus, Metadata};
use crate::envoy::endpoint::{self, LbEndpoint, LocalityLbEndpoints};
use crate::mesh::{MergedRule, MutualTlsMode};
use crate::model::Labels;
use crate::model::destination_rule::TrafficPolicy;
use crate::translate::Context;
use crate::translate::policy::tls_mode;
use crate::translate::proxy::Locality;
use crate::translate::push::{Endpoint, Health, TlsMode, traffic_distribution};

use super::Backends;

/// Endpoints that run in one place.
#[derive(Clone, Debug)]
pub(super) struct Group<'t> {
    pub locality: Locality<'t>,
    pub members: Vec<Member<'t>>,
    pub weight: Option<u32>,
    /// 0 is used first.
    pub priority: u32,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Member<'t> {
    pub endpoint: &'t Endpoint<'t>,
    /// Whether it is sent mutual TLS.
    mutual: bool,
}

/// The usable ones that `accept` takes, by place.
pub(super) fn groups<'t>(
    context: &Context<'_, 't>,
    backends: &Backends<'_, 't>,
    accept: impl Fn(&Endpoint<'t>) -> bool,
) -> Vec<Group<'t>> {
    let labels = subset_labels(backends);
    let written = written_mode(backends.rule, backends.subset, backends.port.number);
    let usable = Usable::new(context, backends);
    let push = context.push;
    let mut groups: BTreeMap<String, Group<'t>> = BTreeMap::new();
    let of_port = push.endpoints(backends.service).iter().filter(|it| it.port_name == backends.port.name);
    let of_subset = of_port.filter(|endpoint| labels.is_none_or(|labels| has_labels(endpoint, labels)));
    for endpoint in of_subset.filter(|endpoint| accept(endpoint) && usable.allows(endpoint)) {
        let mutual = match written {
            Some(mode) => mode == "ISTIO_MUTUAL",
            None => endpoint.tls == TlsMode::Istio && !serves_plaintext(context, endpoint),
        };
        let group = groups.entry(endpoint.locality.path()).or_insert_with(|| Group::new(endpoint.locality));
        group.members.push(Member { endpoint, mutual });
    }
    let mut groups: Vec<_> = groups.into_values().collect();
    for group in &mut groups {
        if backends.only_mutual {
            group.members.retain(Member::takes_mutual_tls);
        }
        group.weight = (!group.members.is_empty()).then(|| total_weight(&group.members));
    }
    groups
}

fn subset_labels<'t>(backends: &Backends<'_, 't>) -> Option<&'t Labels<'t>> {
    let subset = backends.rule?.subset(backends.subset)?;
    Some(&subset.subset.labels).filter(|labels| !labels.is_empty())
}

fn has_labels(endpoint: &Endpoint<'_>, labels: &Labels<'_>) -> bool {
    labels.iter().all(|(key, value)| endpoint.label(key.value) == Some(value.value))
}

pub(super) fn total_weight(members: &[Member<'_>]) -> u32 {
    members.iter().fold(0, |sum: u32, member| sum.saturating_add(member.endpoint.weight))
}

/// The TLS mode that a rule asks for. It inherits level by level, unlike the policy of the cluster: settings of a port
/// without `tls` leave that of the whole in force.
fn written_mode<'t>(rule: Option<&'t MergedRule<'t>>, subset: &str, port: i64) -> Option<&'t str> {
    let of = |policy: &'t TrafficPolicy<'t>| {
        let mut ports = policy.port_level_settings.iter().filter(|settings| settings.number() == Some(port));
        let of_port = ports.find_map(|settings| settings.tls.as_deref());
        of_port.or(policy.tls.as_deref()).map(tls_mode)
    };
    let rule = rule?;
    let own = rule.subset(subset).and_then(|subset| of(subset.subset.traffic_policy.as_deref()?));
    if !subset.is_empty() && rule.subset(subset).is_none() {
        return None;
    }
    own.or_else(|| of(rule.traffic_policy?))
}

/// Whether the PeerAuthentication of an endpoint turns mutual TLS off.
fn serves_plaintext(context: &Context<'_, '_>, endpoint: &Endpoint<'_>) -> bool {
    let port = i64::from(endpoint.port);
    let (mode, _) = context.push.mesh.mutual_tls_for(endpoint.namespace, &endpoint.labels, Some(port));
    mode == MutualTlsMode::Disable
}

/// Which endpoints a proxy is told of.
struct Usable<'u> {
    /// `internalTrafficPolicy: Local`.
    node: Option<&'u str>,
    unhealthy: bool,
    draining: bool,
}

impl<'u> Usable<'u> {
    fn new(context: &Context<'u, '_>, backends: &Backends<'_, '_>) -> Self {
        let service = backends.service;
        let outliers = backends.policy().outlier_detection;
        let panics = outliers.and_then(|outliers| outliers.min_health_percent).is_some_and(|percent| percent.value > 0);
        Self {
            node: service.is_node_local().then_some(context.proxy.node_name),
            unhealthy: !panics || traffic_distribution(context.push.mesh, service.mesh).is_some(),
            draining: service.keeps_sessions(),
        }
    }

    fn allows(&self, endpoint: &Endpoint<'_>) -> bool {
        self.node.is_none_or(|node| node == endpoint.node)
            && (self.unhealthy || endpoint.health != Health::Unhealthy)
            && (self.draining || !is_draining(endpoint))
    }
}

fn is_draining(endpoint: &Endpoint<'_>) -> bool {
    endpoint.labels.text("istio.io/draining").is_some_and(|text| !text.is_empty())
}

impl<'t> Group<'t> {
    fn new(locality: Locality<'t>) -> Self {
        Self { locality, members: Vec::new(), weight: None, priority: 0 }
    }

    pub fn into_envoy(self) -> LocalityLbEndpoints {
        let Locality { region, zone, sub_zone } = self.locality;
        let locality = core::Locality {
            region: region.to_owned(),
            zone: zone.to_owned(),
            sub_zone: sub_zone.to_owned(),
            ..Default::default()
        };
        LocalityLbEndpoints {
            locality: Some(locality),
            lb_endpoints: self.members.iter().map(|member| member.to_envoy()).collect(),
            load_balancing_weight: self.weight,
            priority: self.priority,
            ..Default::default()
        }
    }
}

impl Member<'_> {
    fn takes_mutual_tls(&self) -> bool {
        self.mutual && self.endpoint.tls == TlsMode::Istio
    }

    fn to_envoy(self) -> LbEndpoint {
        let endpoint = self.endpoint;
        let address = address(&endpoint.address, endpoint.port);
        LbEndpoint {
            endpoint: Some(endpoint::Endpoint { address: Some(address), ..Default::default() }),
            health_status: match endpoint.health {
                _ if is_draining(endpoint) => HealthStatus::Draining,
                Health::Unknown => HealthStatus::Unknown,
                Health::Healthy => HealthStatus::Healthy,
                Health::Unhealthy => HealthStatus::Unhealthy,
            },
            metadata: Some(self.metadata()),
            load_balancing_weight: Some(endpoint.weight),
            ..Default::default()
        }
    }

    fn metadata(&self) -> Metadata {
        let entry = |key: &str, text: String| Object::from_iter([(key.to_owned(), json!(text))]);
        let workload = ("istio".to_owned(), entry("workload", self.endpoint.workload_metadata()));
        let tls = ("envoy.transport_socket_match".to_owned(), entry("tlsMode", "istio".to_owned()));
        let entries = self.takes_mutual_tls().then_some(tls).into_iter().chain([workload]);
        Metadata { filter_metadata: entries.collect(), ..Default::default() }
    }
}

/// Port 0 is that of a socket of the file system.
pub(in crate::translate) fn address(address: &str, port: u32) -> Address {
    match port {
        0 => Address::pipe(address.strip_prefix("unix://").unwrap_or(address)),
        port => Address::socket(address, port),
    }
}
