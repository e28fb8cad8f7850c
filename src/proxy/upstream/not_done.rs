//! What a cluster asks for and does not get.

use crate::envoy::Any;
use crate::envoy::cluster::{Cluster, Discovery, DiscoveryType};
use crate::envoy::core::RoutingPriority;

/// Fields without a type here that are executed all the same, or that change nothing that can be seen.
const DONE: [&str; 17] = [
    "alt_stat_name",
    "common_http_protocol_options",
    "dns_failure_refresh_rate",
    "dns_query_timeout",
    "http2_protocol_options",
    "http_protocol_options",
    "lb_subset_config",
    "load_balancing_policy",
    "lrs_server",
    "max_requests_per_connection",
    "observability_name",
    "preconnect_policy",
    "protocol_selection",
    "track_cluster_stats",
    "track_timeout_budgets",
    "upstream_http_protocol_options",
    "wait_for_warm_on_init",
];

pub(super) fn not_done(cluster: &Cluster) -> Vec<String> {
    let mut notes: Vec<_> = cluster
        .untyped
        .names()
        .map(snake)
        .filter(|name| !DONE.contains(&name.as_str()))
        .map(|name| match name.as_str() {
            "health_checks" => "hosts are not asked whether they are healthy".to_owned(),
            _ => format!("`{name}` changes nothing"),
        })
        .collect();
    match &cluster.discovery {
        Some(Discovery::ClusterType(own)) if cluster.by_name().is_none() && cluster.members().is_none() => {
            notes.push(format!("hosts are not found by `{}`, so that it has none", own.name));
        }
        Some(Discovery::Type(DiscoveryType::Eds)) if cluster.load_assignment.is_none() => {
            notes.push("there is nobody to ask for its endpoints, so that it has none".to_owned());
        }
        _ => {}
    }
    let thresholds = cluster.circuit_breakers.iter().flat_map(|breakers| &breakers.thresholds);
    if thresholds.into_iter().any(|own| own.priority == RoutingPriority::High) {
        notes.push("requests of high priority have the limits of all others".to_owned());
    }
    for filter in &cluster.filters {
        notes.push(format!("the filter `{}` is not executed", filter.name));
    }
    let options = cluster.typed_extension_protocol_options.values();
    for options in options.filter(|options| !matches!(options, Any::HttpProtocolOptions(_))) {
        notes.push(format!("`{}` changes nothing", options.type_name()));
    }
    notes.sort();
    notes
}

fn snake(name: &str) -> String {
    name.chars().fold(String::new(), |mut text, letter| {
        if letter.is_ascii_uppercase() {
            text.push('_');
        }
        text.push(letter.to_ascii_lowercase());
        text
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::not_done;
    use crate::envoy::Json;
    use crate::envoy::cluster::Cluster;

    #[test]
    fn nothing_is_passed_over() {
        let cluster = json!({
            "name": "a",
            "type": "EDS",
            "healthChecks": [],
            "waitForWarmOnInit": true,
            "circuitBreakers": {"thresholds": [{"priority": "HIGH"}]},
        });
        assert_eq!(
            not_done(&Cluster::read(&cluster).unwrap()),
            [
                "hosts are not asked whether they are healthy",
                "requests of high priority have the limits of all others",
                "there is nobody to ask for its endpoints, so that it has none",
            ]
        );
        assert_eq!(not_done(&Cluster::default()), [""; 0]);
    }
}
