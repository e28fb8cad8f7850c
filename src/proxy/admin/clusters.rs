//! `/clusters` (`source/server/admin/clusters_handler.cc`).

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde_json::{Value, json as object};

use crate::envoy::cluster::{Cluster, Thresholds};
use crate::envoy::core::{HealthStatus, RoutingPriority};
use crate::envoy::{Json, Object};
use crate::proxy::upstream::{Address, Host, UpstreamCluster};

use super::socket;

/// Of a rate for which there were not enough requests.
const UNKNOWN: f64 = -1.0;

pub fn text(clusters: &[Arc<UpstreamCluster>]) -> String {
    let mut text = String::new();
    for cluster in clusters {
        // Writing to a text cannot fail.
        let _ = one(&mut text, cluster);
    }
    text
}

fn one(text: &mut String, cluster: &UpstreamCluster) -> std::fmt::Result {
    let config = &cluster.config;
    let name = &config.name;
    writeln!(text, "{name}::observability_name::{}", observability_name(config))?;
    if config.outlier_detection.is_some() {
        for (origin, means) in ["", "local_origin_"].into_iter().zip(cluster.means()) {
            let (average, threshold) = means.map_or((UNKNOWN, UNKNOWN), |means| (means.average, means.threshold));
            writeln!(text, "{name}::outlier::{origin}success_rate_average::{average}")?;
            writeln!(text, "{name}::outlier::{origin}success_rate_ejection_threshold::{threshold}")?;
        }
    }
    for (group, priority) in [("default", RoutingPriority::Default), ("high", RoutingPriority::High)] {
        for (limit, value) in limits(config, priority) {
            writeln!(text, "{name}::{group}_priority::{limit}::{value}")?;
        }
    }
    writeln!(text, "{name}::added_via_api::false")?;
    for host in cluster.hosts() {
        let address = &host.address;
        for (fact, value) in counts(&host) {
            writeln!(text, "{name}::{address}::{fact}::{value}")?;
        }
        let locality = &host.locality;
        writeln!(text, "{name}::{address}::hostname::{}", host.hostname)?;
        writeln!(text, "{name}::{address}::health_flags::{}", flags(&host))?;
        writeln!(text, "{name}::{address}::weight::{}", host.weight)?;
        writeln!(text, "{name}::{address}::region::{}", locality.region)?;
        writeln!(text, "{name}::{address}::zone::{}", locality.zone)?;
        writeln!(text, "{name}::{address}::sub_zone::{}", locality.sub_zone)?;
        writeln!(text, "{name}::{address}::canary::false")?;
        writeln!(text, "{name}::{address}::priority::{}", host.priority)?;
        let [external, local] = host.success_rates().map(|rate| rate.unwrap_or(UNKNOWN));
        writeln!(text, "{name}::{address}::success_rate::{external}")?;
        writeln!(text, "{name}::{address}::local_origin_success_rate::{local}")?;
    }
    Ok(())
}

pub fn json(clusters: &[Arc<UpstreamCluster>]) -> Value {
    let status = |cluster: &Arc<UpstreamCluster>| {
        let thresholds = [RoutingPriority::Default, RoutingPriority::High].map(|priority| {
            let limits = limits(&cluster.config, priority);
            let mut limits: Object = limits.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
            if priority == RoutingPriority::High {
                limits.insert("priority".to_owned(), "HIGH".into());
            }
            limits
        });
        object!({
            "name": cluster.config.name,
            "host_statuses": cluster.hosts().iter().map(|host| host_status(host)).collect::<Vec<_>>(),
            "circuit_breakers": {"thresholds": thresholds},
            "observability_name": observability_name(&cluster.config),
        })
    };
    object!({"cluster_statuses": clusters.iter().map(status).collect::<Vec<_>>()})
}

fn host_status(host: &Host) -> Value {
    let stats = counts(host).map(|(name, value)| {
        let kind = if name.ends_with("_active") { "GAUGE" } else { "COUNTER" };
        object!({"name": name, "type": kind, "value": value.to_string()})
    });
    let address = match &host.address {
        Address::Socket(address) => socket(*address),
        Address::Pipe(path) => object!({"pipe": {"path": path}}),
    };
    let mut health = Object::new();
    if !host.passes_checks() {
        health.insert("failed_active_health_check".to_owned(), true.into());
    }
    if host.is_ejected() {
        health.insert("failed_outlier_check".to_owned(), true.into());
    }
    let eds = if host.health == HealthStatus::Unknown { HealthStatus::Healthy } else { host.health };
    health.insert("eds_health_status".to_owned(), eds.write());
    object!({
        "address": address,
        "stats": stats,
        "health_status": health,
        "weight": host.weight,
        "hostname": host.hostname,
        "priority": host.priority,
        "locality": host.locality.write(),
    })
}

fn observability_name(cluster: &Cluster) -> &str {
    if cluster.alt_stat_name.is_empty() { &cluster.name } else { &cluster.alt_stat_name }
}

fn limits(cluster: &Cluster, priority: RoutingPriority) -> [(&'static str, u32); 4] {
    let mut thresholds = cluster.circuit_breakers.iter().flat_map(|breakers| &breakers.thresholds);
    let own = thresholds.find(|thresholds| thresholds.priority == priority);
    let limit = |of: fn(&Thresholds) -> Option<u32>, default| own.and_then(of).unwrap_or(default);
    [
        ("max_connections", limit(|own| own.max_connections, 1024)),
        ("max_pending_requests", limit(|own| own.max_pending_requests, 1024)),
        ("max_requests", limit(|own| own.max_requests, 1024)),
        ("max_retries", limit(|own| own.max_retries, 3)),
    ]
}

fn counts(host: &Host) -> [(&'static str, u64); 9] {
    let stats = &host.stats;
    [
        ("cx_active", &stats.cx_active),
        ("cx_connect_fail", &stats.cx_connect_fail),
        ("cx_total", &stats.cx_total),
        ("rq_active", &stats.rq_active),
        ("rq_error", &stats.rq_error),
        ("rq_pending_active", &stats.rq_pending_active),
        ("rq_success", &stats.rq_success),
        ("rq_timeout", &stats.rq_timeout),
        ("rq_total", &stats.rq_total),
    ]
    .map(|(name, counter)| (name, counter.load(Ordering::Relaxed)))
}

fn flags(host: &Host) -> String {
    let mut flags = String::new();
    if !host.passes_checks() {
        flags += "/failed_active_hc";
    }
    if host.is_ejected() {
        flags += "/failed_outlier_check";
    }
    match host.health {
        HealthStatus::Unhealthy | HealthStatus::Timeout => flags += "/failed_eds_health",
        HealthStatus::Draining => flags += "/eds_status_draining",
        HealthStatus::Degraded => flags += "/degraded_eds_health",
        HealthStatus::Unknown | HealthStatus::Healthy => {}
    }
    if flags.is_empty() { "healthy".to_owned() } else { flags }
}
