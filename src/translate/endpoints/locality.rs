//! Which places are preferred (istio 1.31 `pilot/pkg/networking/core/loadbalancer/loadbalancer.go`).

use crate::envoy::cluster::{LocalityConfig, LocalityWeightedLbConfig, ZoneAwareLbConfig};
use crate::envoy::core::Percent;
use crate::model::destination_rule::{
    Distribute, Failover, LoadBalancerSettings, LocalityLbSetting, ZoneAwareLbSetting,
};
use crate::translate::Context;
use crate::translate::proxy::{Locality, Proxy};
use crate::translate::push::{CLUSTER_ID, Service, TrafficDistribution, traffic_distribution};

use super::members::{Group, Member, total_weight};

/// The settings about places that hold for a cluster.
#[derive(Clone, Debug)]
pub(in crate::translate) enum Balancing<'t> {
    /// By weights, or one place after the other.
    Places {
        distribute: &'t [Distribute<'t>],
        failover: &'t [Failover<'t>],
        labels: Vec<&'t str>,
        /// Even where no endpoint is ejected.
        forced: bool,
    },
    /// Envoy balances the zones of a region.
    Zones(&'t ZoneAwareLbSetting<'t>),
}

const NETWORK: &str = "topology.istio.io/network";
const REGION: &str = "topology.kubernetes.io/region";
const ZONE: &str = "topology.kubernetes.io/zone";
const SUB_ZONE: &str = "topology.istio.io/subzone";
const NODE: &str = "kubernetes.io/hostname";

impl<'t> Balancing<'t> {
    /// Those of the policy, else those that the service asks for, else those of the mesh.
    pub fn in_force(
        context: &Context<'_, 't>,
        policy: Option<&'t LoadBalancerSettings<'t>>,
        service: &Service<'t>,
    ) -> Option<Self> {
        if let Some(zones) = policy.and_then(|policy| policy.zone_aware_lb_setting.as_deref()) {
            return Some(Balancing::Zones(zones));
        }
        if let Some(places) = policy.and_then(|policy| policy.locality_lb_setting.as_deref()) {
            return Self::places(places);
        }
        if let Some(distribution) = traffic_distribution(context.push.mesh, service.mesh) {
            let labels = match distribution {
                TrafficDistribution::PreferSameZone => vec![NETWORK, REGION, ZONE],
                TrafficDistribution::PreferSameNode => vec![NETWORK, REGION, ZONE, SUB_ZONE, NODE],
            };
            return Some(Balancing::Places { distribute: &[], failover: &[], labels, forced: true });
        }
        let mesh = context.push.mesh.settings.config.as_ref();
        if let Some(zones) = mesh.and_then(|mesh| mesh.zone_aware_lb_setting.as_deref()) {
            return Some(Balancing::Zones(zones));
        }
        match mesh.and_then(|mesh| mesh.locality_lb_setting.as_deref()) {
            Some(places) => Self::places(places),
            None => Some(Balancing::Places { distribute: &[], failover: &[], labels: Vec::new(), forced: false }),
        }
    }

    fn places(setting: &'t LocalityLbSetting<'t>) -> Option<Self> {
        setting.enabled.is_none_or(|enabled| enabled.value).then(|| Balancing::Places {
            distribute: &setting.distribute,
            failover: &setting.failover,
            labels: setting.failover_priority.iter().map(|label| label.value).collect(),
            forced: false,
        })
    }

    /// What a cluster is told. `outliers`: whether it ejects endpoints, without which traffic would never fail over.
    pub fn cluster_config(&self, outliers: bool) -> Option<LocalityConfig> {
        match self {
            Balancing::Places { distribute, failover, labels, forced } => {
                let ordered = (*forced || outliers) && !(failover.is_empty() && labels.is_empty());
                let weighted = ordered || !distribute.is_empty();
                weighted.then(|| LocalityConfig::LocalityWeightedLbConfig(LocalityWeightedLbConfig::default()))
            }
            Balancing::Zones(setting) => {
                let size = setting.min_cluster_size.and_then(|size| size.value.try_into().ok());
                Some(LocalityConfig::ZoneAwareLbConfig(ZoneAwareLbConfig {
                    // Left to itself Envoy would balance zones even so.
                    routing_enabled: (!is_enabled(setting)).then(|| Percent::new(0.0)),
                    min_cluster_size: size,
                    ..Default::default()
                }))
            }
        }
    }

    /// Whether anything is arranged at all.
    fn is_idle(&self, outliers: bool) -> bool {
        match self {
            Balancing::Places { distribute, forced, .. } => distribute.is_empty() && !(*forced || outliers),
            Balancing::Zones(setting) => !is_enabled(setting),
        }
    }

    /// What of a proxy decides the arrangement: proxies that agree in it get the same.
    pub fn view(&self, proxy: &Proxy<'_>, outliers: bool) -> Vec<String> {
        if self.is_idle(outliers) {
            return Vec::new();
        }
        let Locality { region, zone, sub_zone } = proxy.locality;
        let labels = self.labels().into_iter().map(|label| proxy_value(label, proxy));
        [region, zone, sub_zone].into_iter().chain(labels).map(str::to_owned).collect()
    }

    /// Those by which endpoints are ordered, unless they are chosen by weight.
    fn labels(&self) -> Vec<&'t str> {
        match self {
            Balancing::Places { distribute, .. } if !distribute.is_empty() => Vec::new(),
            Balancing::Places { labels, .. } => labels.clone(),
            Balancing::Zones(setting) => setting.failover_priority.iter().map(|label| label.value).collect(),
        }
    }

    /// Gives each group its weight and priority, as seen from the proxy.
    pub(super) fn arrange(&self, groups: &mut Vec<Group<'_>>, proxy: &Proxy<'_>, outliers: bool) {
        if !self.is_idle(outliers) && !self.labels().is_empty() {
            let labels = self.labels();
            *groups = groups.drain(..).flat_map(|group| split_by_labels(group, &labels, proxy)).collect();
            compact(groups);
        }
        self.arrange_by_place(groups, proxy, outliers);
    }

    /// The same as far as labels do not count.
    pub(super) fn arrange_by_place(&self, groups: &mut [Group<'_>], proxy: &Proxy<'_>, outliers: bool) {
        if self.is_idle(outliers) {
            return;
        }
        match self {
            Balancing::Places { distribute, .. } if !distribute.is_empty() => {
                spread(groups, distribute, proxy.locality);
            }
            // Labels say it all, unless places are named besides.
            Balancing::Places { failover, labels, .. } if failover.is_empty() && !labels.is_empty() => {}
            Balancing::Places { failover, .. } => order_by_place(groups, failover, proxy.locality),
            Balancing::Zones(setting) => order_by_region(groups, &setting.failover, proxy.locality.region),
        }
    }
}

fn is_enabled(setting: &ZoneAwareLbSetting<'_>) -> bool {
    setting.enabled.is_none_or(|enabled| enabled.value)
}

/// The weight that the first fitting entry gives to a pattern is shared by the groups that it matches; groups that none
/// matches are emptied.
fn spread(groups: &mut [Group<'_>], distribute: &[Distribute<'_>], from: Locality<'_>) {
    let fits = |entry: &&Distribute<'_>| matches(from, entry.from.map_or("", |from| from.value));
    let Some(entry) = distribute.iter().find(fits) else { return };
    let mut open: Vec<_> = (0..groups.len()).collect();
    for (pattern, share) in entry.to.iter() {
        let (matched, rest): (Vec<_>, Vec<_>) =
            open.into_iter().partition(|&at| matches(groups[at].locality, pattern.value));
        let weight = |at: usize| f64::from(groups[at].weight.unwrap_or(1));
        let total: f64 = matched.iter().map(|&at| weight(at)).sum();
        let weights: Vec<_> = matched.iter().map(|&at| weight(at) * share.value as f64 / total).collect();
        for (at, weight) in matched.into_iter().zip(weights).filter(|(_, weight)| *weight > 0.0) {
            groups[at].weight = Some(weight.ceil() as u32);
        }
        open = rest;
    }
    for at in open {
        groups[at].members.clear();
    }
}

/// Whether a place is within `region/zone/subzone`, where `*` and what is left out are any.
fn matches(place: Locality<'_>, pattern: &str) -> bool {
    let Locality { region, zone, sub_zone } = Locality::parse_path(pattern);
    (region == "*" || region == place.region)
        && (matches!(zone, "*" | "") || zone == place.zone)
        && (matches!(sub_zone, "*" | "") || sub_zone == place.sub_zone)
}

/// The nearer the sooner; of other regions those first that `failover` names for the proxy's own.
fn order_by_place(groups: &mut [Group<'_>], failover: &[Failover<'_>], own: Locality<'_>) {
    let next = next_region(failover, own.region);
    for group in groups.iter_mut() {
        let place = group.locality;
        let distance = if place == own {
            0
        } else if (place.region, place.zone) == (own.region, own.zone) {
            1
        } else if place.region == own.region {
            2
        } else if next.is_none_or(|next| next == place.region) {
            3
        } else {
            4
        };
        group.priority = group.priority * 5 + distance;
    }
    compact(groups);
}

/// All zones of the proxy's region alike, before the region that `failover` names, before all others.
fn order_by_region(groups: &mut [Group<'_>], failover: &[Failover<'_>], own: &str) {
    let next = next_region(failover, own);
    for group in groups.iter_mut() {
        let distance = match group.locality.region {
            region if region == own => 0,
            region if next == Some(region) => 1,
            _ => 2,
        };
        group.priority = group.priority * 3 + distance;
    }
    compact(groups);
}

fn next_region<'f>(failover: &[Failover<'f>], own: &str) -> Option<&'f str> {
    let entry = failover.iter().find(|entry| entry.from.is_some_and(|from| from.value == own))?;
    Some(entry.to.map_or("", |to| to.value))
}

/// Parts a group by how many of the labels, from the first on, its members share with the proxy.
fn split_by_labels<'t>(group: Group<'t>, labels: &[&str], proxy: &Proxy<'_>) -> Vec<Group<'t>> {
    let mut parts: Vec<Group<'t>> = Vec::new();
    for &member in &group.members {
        let priority = label_priority(&member, labels, proxy);
        match parts.iter_mut().find(|part| part.priority == priority) {
            Some(part) => part.members.push(member),
            None => parts.push(Group { priority, members: vec![member], locality: group.locality, weight: None }),
        }
    }
    for part in &mut parts {
        part.weight = Some(total_weight(&part.members));
    }
    parts.sort_by_key(|part| part.priority);
    parts
}

/// 0 if all are equal. Another network, where that comes first, is worse than anything else in the own one.
fn label_priority(member: &Member<'_>, labels: &[&str], proxy: &Proxy<'_>) -> u32 {
    let count = labels.len() as u32;
    let mut penalty = 0;
    for (at, label) in labels.iter().enumerate() {
        let key = label.split('=').next().unwrap_or_default();
        if member.endpoint.label(key).unwrap_or_default() == proxy_value(label, proxy) {
            continue;
        }
        match at {
            0 if *label == NETWORK => penalty = count,
            at => return count - at as u32 + penalty,
        }
    }
    penalty
}

/// The value that endpoints are compared with: the one that is written (`label=value`), else that of the proxy.
fn proxy_value<'v>(label: &'v str, proxy: &'v Proxy<'_>) -> &'v str {
    match label.split('=').collect::<Vec<_>>()[..] {
        [_, value] => value,
        [key, ..] => label_of(proxy, key),
        [] => "",
    }
}

/// A label of the proxy, or what istiod adds to its labels about the place where it runs.
fn label_of<'p>(proxy: &'p Proxy<'_>, key: &str) -> &'p str {
    let place = match key {
        REGION => proxy.locality.region,
        ZONE => proxy.locality.zone,
        SUB_ZONE => proxy.locality.sub_zone,
        NODE => proxy.node_name,
        "topology.istio.io/cluster" => CLUSTER_ID,
        _ => "",
    };
    if place.is_empty() { proxy.labels.text(key).unwrap_or_default() } else { place }
}

/// Priorities from 0 on without gaps.
fn compact(groups: &mut [Group<'_>]) {
    let mut used: Vec<_> = groups.iter().map(|group| group.priority).collect();
    used.sort_unstable();
    used.dedup();
    for group in groups {
        group.priority = used.partition_point(|priority| *priority < group.priority) as u32;
    }
}
