//! How a cluster chooses endpoints (istio 1.31 `pilot/pkg/networking/core/cluster_traffic_policy.go`,
//! `applyLoadBalancer`).

use crate::envoy::cluster::{
    Cluster, Discovery, DiscoveryType, LbConfig, LbPolicy, LeastRequestLbConfig, MaglevLbConfig, RingHashLbConfig,
    RoundRobinLbConfig, SlowStartConfig,
};
use crate::envoy::core::{Percent, RuntimeDouble};
use crate::model::Int;
use crate::model::destination_rule::{ConsistentHash, LoadBalancerSettings};
use crate::translate::policy::passes_through;

use super::is_original_dst;
use super::pool::duration;

/// Envoy's own is smaller.
const RING_SIZE: u64 = 1024;

/// Writes the policy into a cluster. One that passes through is no longer resolved.
pub(super) fn apply(cluster: &mut Cluster, settings: Option<&LoadBalancerSettings<'_>>) {
    if passes_through(settings) {
        cluster.discovery = Some(Discovery::Type(DiscoveryType::OriginalDst));
        cluster.load_assignment = None;
    }
    if is_original_dst(cluster) {
        cluster.lb_policy = LbPolicy::ClusterProvided;
        return;
    }
    (cluster.lb_policy, cluster.lb_config) = match settings {
        Some(LoadBalancerSettings { consistent_hash: Some(hash), .. }) => consistent_hash(hash),
        _ => simple(settings),
    };
}

fn simple(settings: Option<&LoadBalancerSettings<'_>>) -> (LbPolicy, Option<LbConfig>) {
    let slow_start_config = settings.and_then(slow_start);
    match settings.and_then(|settings| settings.simple).map(|simple| simple.value) {
        Some("RANDOM") => (LbPolicy::Random, None),
        Some("ROUND_ROBIN") => {
            let config = RoundRobinLbConfig { slow_start_config, ..Default::default() };
            let config = config.slow_start_config.is_some().then_some(LbConfig::RoundRobinLbConfig(config));
            (LbPolicy::RoundRobin, config)
        }
        _ => {
            let config = LeastRequestLbConfig { slow_start_config, ..Default::default() };
            let config = config.slow_start_config.is_some().then_some(LbConfig::LeastRequestLbConfig(config));
            (LbPolicy::LeastRequest, config)
        }
    }
}

fn consistent_hash(hash: &ConsistentHash<'_>) -> (LbPolicy, Option<LbConfig>) {
    let ring = |size: Option<u64>| {
        let config = RingHashLbConfig { minimum_ring_size: size, ..Default::default() };
        size.map(|_| LbConfig::RingHashLbConfig(config))
    };
    match (&hash.maglev, &hash.ring_hash) {
        (Some(maglev), _) => {
            let config = MaglevLbConfig { table_size: size(maglev.table_size), ..Default::default() };
            (LbPolicy::Maglev, config.table_size.map(|_| LbConfig::MaglevLbConfig(config.clone())))
        }
        (None, Some(own)) => (LbPolicy::RingHash, ring(size(own.minimum_ring_size))),
        (None, None) => (LbPolicy::RingHash, ring(size(hash.minimum_ring_size).or(Some(RING_SIZE)))),
    }
}

fn size(written: Option<Int>) -> Option<u64> {
    written.and_then(|number| u64::try_from(number.value).ok()).filter(|number| *number > 0)
}

/// `warmup`, or the duration that it replaces.
fn slow_start(settings: &LoadBalancerSettings<'_>) -> Option<SlowStartConfig> {
    let Some(warmup) = &settings.warmup else {
        let window = settings.warmup_duration_secs.map(duration)?;
        return Some(SlowStartConfig { slow_start_window: Some(window), ..Default::default() });
    };
    let aggression = RuntimeDouble {
        default_value: warmup.aggression.map_or(1.0, |aggression| aggression.value),
        // Envoy wants a key; nothing is found under this one.
        runtime_key: "(".to_owned(),
        ..Default::default()
    };
    Some(SlowStartConfig {
        slow_start_window: warmup.duration.map(duration),
        aggression: Some(aggression),
        min_weight_percent: Some(Percent::new(warmup.minimum_percent.map_or(10.0, |percent| percent.value))),
        ..Default::default()
    })
}
