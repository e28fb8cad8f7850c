//! Connection pools (istio 1.31 `pilot/pkg/networking/core/cluster_traffic_policy.go`, `applyConnectionPool`).

use std::time::Duration;

use crate::envoy::cluster::{CircuitBreakers, Cluster, RetryBudget, Thresholds, UpstreamConnectionOptions};
use crate::envoy::core::{Percent, TcpKeepalive};
use crate::envoy::protocol::KeepaliveSettings;
use crate::mesh::{Protocol, Settings};
use crate::model::destination_rule::{self as model, ConnectionPoolSettings, HttpSettings};
use crate::model::{Int, Located};

use super::protocol::Options;

/// Istio's limits in place of Envoy's 1024: as good as none.
const UNLIMITED: u32 = u32::MAX;

/// Writes a pool, or the limits that hold without one, into a cluster.
pub(super) fn apply(
    cluster: &mut Cluster,
    options: &mut Options,
    mesh: &Settings<'_>,
    pool: Option<&ConnectionPoolSettings<'_>>,
    budget: Option<&model::RetryBudget<'_>>,
) {
    let tcp = pool.and_then(|pool| pool.tcp.as_deref());
    let http = pool.and_then(|pool| pool.http.as_deref());
    let written = tcp.and_then(|tcp| tcp.connect_timeout);
    cluster.connect_timeout = Some(written.map_or_else(|| connect_timeout(mesh), duration));
    let keepalives = [
        mesh.config.as_ref().and_then(|config| config.tcp_keepalive.as_ref()),
        tcp.and_then(|tcp| tcp.tcp_keepalive.as_deref()),
    ];
    cluster.upstream_connection_options = keepalive(keepalives);
    let limit = |number: Option<Int>| Some(positive(number).unwrap_or(UNLIMITED));
    let thresholds = Thresholds {
        max_connections: limit(tcp.and_then(|tcp| tcp.max_connections)),
        max_pending_requests: limit(http.and_then(|http| http.http1_max_pending_requests)),
        max_requests: limit(http.and_then(|http| http.http2_max_requests)),
        max_retries: limit(http.and_then(|http| http.max_retries)),
        retry_budget: budget.map(retry_budget),
        ..Default::default()
    };
    cluster.circuit_breakers = Some(CircuitBreakers { thresholds: vec![thresholds], ..Default::default() });
    let idle = http.and_then(|http| http.idle_timeout).or_else(|| tcp?.idle_timeout).map(duration);
    let lifetime = tcp.and_then(|tcp| tcp.max_connection_duration).map(duration);
    apply_http(options, http, idle, lifetime);
}

pub(super) fn connect_timeout(mesh: &Settings<'_>) -> Duration {
    mesh.connect_timeout.map_or(Duration::from_secs(10), |timeout| timeout.to_std())
}

/// Any of these brings the options into being; what is for HTTP/2 shows only where nothing else is spoken.
fn apply_http(
    options: &mut Options,
    http: Option<&HttpSettings<'_>>,
    idle_timeout: Option<Duration>,
    lifetime: Option<Duration>,
) {
    let requests = positive(http.and_then(|http| http.max_requests_per_connection));
    let streams = positive(http.and_then(|http| http.max_concurrent_streams));
    let keepalive = http.and_then(|http| http.http2_keep_alive.as_deref());
    let has_times = idle_timeout.is_some() || lifetime.is_some();
    if has_times || requests.is_some() || streams.is_some() || keepalive.is_some() {
        let common = options.common();
        common.idle_timeout = idle_timeout.or(common.idle_timeout);
        common.max_connection_duration = lifetime;
        common.max_requests_per_connection = requests;
        if let Some(http2) = options.http2() {
            http2.max_concurrent_streams = streams;
            http2.connection_keepalive = keepalive.map(|keepalive| KeepaliveSettings {
                interval: keepalive.interval.map(duration),
                timeout: keepalive.timeout.map(duration),
                ..Default::default()
            });
        }
    }
    if http.is_some_and(uses_client_protocol) {
        options.use_downstream();
    }
}

fn uses_client_protocol(http: &HttpSettings<'_>) -> bool {
    http.use_client_protocol.is_some_and(|on| on.value)
}

/// Whether clients that speak HTTP/1.1 shall be upgraded.
pub(super) fn upgrades(mesh: &Settings<'_>, pool: Option<&ConnectionPoolSettings<'_>>, protocol: Protocol) -> bool {
    let http = pool.and_then(|pool| pool.http.as_deref());
    if http.is_some_and(uses_client_protocol) {
        return false;
    }
    match http.and_then(|http| http.h2_upgrade_policy).map(|policy| policy.value) {
        // Whoever says so of a destination knows that it speaks HTTP.
        Some("UPGRADE") => true,
        Some("DO_NOT_UPGRADE") => false,
        _ => {
            let default = mesh.config.as_ref().and_then(|config| config.h2_upgrade_policy);
            protocol.is_http() && default.is_some_and(|policy| policy.value == "UPGRADE")
        }
    }
}

fn retry_budget(budget: &model::RetryBudget<'_>) -> RetryBudget {
    RetryBudget {
        budget_percent: Some(Percent::new(budget.percent.map_or(20.0, |percent| percent.value))),
        budget_interval: budget.budget_interval.map(duration),
        min_retry_concurrency: Some(positive(budget.min_retry_concurrency).unwrap_or(3)),
        ..Default::default()
    }
}

/// The later over the earlier. An empty block leaves the times to the operating system.
fn keepalive(settings: [Option<&model::TcpKeepalive<'_>>; 2]) -> Option<UpstreamConnectionOptions> {
    let mut written = settings.into_iter().flatten().peekable();
    written.peek()?;
    let mut merged = TcpKeepalive::default();
    let seconds = |time: Located<crate::format::Duration>| duration(time).as_secs().try_into().ok();
    for own in written {
        merged.keepalive_probes = positive(own.probes).or(merged.keepalive_probes);
        merged.keepalive_time = own.time.and_then(seconds).or(merged.keepalive_time);
        merged.keepalive_interval = own.interval.and_then(seconds).or(merged.keepalive_interval);
    }
    Some(UpstreamConnectionOptions { tcp_keepalive: Some(merged), ..Default::default() })
}

pub(super) fn positive(number: Option<Int>) -> Option<u32> {
    number.and_then(|number| u32::try_from(number.value).ok()).filter(|number| *number > 0)
}

pub(super) fn duration(written: Located<crate::format::Duration>) -> Duration {
    written.value.to_std()
}
