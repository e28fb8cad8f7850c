//! Active health checks: hosts are asked whether they are well (Envoy 1.40
//! `source/extensions/health_checkers/common/health_checker_base_impl.cc`).

mod ask;

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use crate::envoy::health_check::{HealthCheck, HealthChecker};
use crate::proxy::stats::{Counter, Gauge, Scoped};

use super::cluster::UpstreamCluster;
use super::host::{Address, Host};
use ask::ask;

/// The first check of a cluster, which is the one that Envoy makes, too.
#[derive(Debug)]
pub(super) struct Checks {
    config: HealthCheck,
    checker: HealthChecker,
    stats: CheckStats,
}

/// `cluster.NAME.health_check.…`
#[derive(Debug)]
struct CheckStats {
    attempt: Counter,
    success: Counter,
    failure: Counter,
    network_failure: Counter,
    healthy: Gauge,
}

/// How a host has answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Health {
    Well,
    /// It says that it is not well.
    Ill,
    /// It cannot be asked.
    Unreachable,
}

/// What is known of a host from its answers so far.
#[derive(Debug, Default)]
struct History {
    was_asked: bool,
    successes: u32,
    failures: u32,
}

/// How often hosts are asked that get no requests, where nothing is configured.
const NO_TRAFFIC: Duration = Duration::from_secs(60);

impl Checks {
    pub fn new(config: &HealthCheck, scope: &Scoped) -> Option<Self> {
        let checker = config.health_checker.clone()?;
        let counter = |name: &'static str| scope.counter(format!("health_check.{name}"));
        let stats = CheckStats {
            attempt: counter("attempt"),
            success: counter("success"),
            failure: counter("failure"),
            network_failure: counter("network_failure"),
            healthy: scope.gauge("health_check.healthy"),
        };
        Some(Self { config: config.clone(), checker, stats })
    }

    fn count(&self, health: Health) {
        self.stats.attempt.increment();
        match health {
            Health::Well => self.stats.success.increment(),
            Health::Ill => self.stats.failure.increment(),
            Health::Unreachable => {
                self.stats.failure.increment();
                self.stats.network_failure.increment();
            }
        }
    }

    /// Until a host is asked again. `changed`: whether the last answer was the first of its kind.
    fn pause(&self, is_well: bool, changed: bool, has_traffic: bool) -> Duration {
        let config = &self.config;
        let usual = config.interval.unwrap_or_default();
        if !has_traffic {
            let usual = config.no_traffic_interval.unwrap_or(NO_TRAFFIC);
            return if is_well { config.no_traffic_healthy_interval.unwrap_or(usual) } else { usual };
        }
        let unhealthy = config.unhealthy_interval.unwrap_or(usual);
        match (is_well, changed) {
            (true, true) => config.healthy_edge_interval.unwrap_or(usual),
            (true, false) => usual,
            (false, true) => config.unhealthy_edge_interval.unwrap_or(unhealthy),
            (false, false) => unhealthy,
        }
    }
}

impl History {
    /// Whether the host is well from now on. The first answer counts at once, and so does a host's own word that it is
    /// not well.
    fn take(&mut self, health: Health, was_well: bool, config: &HealthCheck) -> bool {
        let is_first = !std::mem::replace(&mut self.was_asked, true);
        let reached = |count: u32, threshold: Option<u32>| count >= threshold.unwrap_or(1);
        if health == Health::Well {
            (self.successes, self.failures) = (self.successes + 1, 0);
            return was_well || is_first || reached(self.successes, config.healthy_threshold);
        }
        (self.successes, self.failures) = (0, self.failures + 1);
        was_well && health == Health::Unreachable && !reached(self.failures, config.unhealthy_threshold)
    }
}

/// Asks all hosts again and again, also those that come later, until the cluster is dropped.
pub(super) async fn keep_checking(cluster: Weak<UpstreamCluster>) {
    // How often new hosts are looked for.
    const LOOK: Duration = Duration::from_millis(50);
    let mut asked: BTreeMap<Address, Weak<Host>> = BTreeMap::new();
    loop {
        let Some(own) = cluster.upgrade() else { return };
        for host in own.hosts() {
            let is_known =
                asked.get(&host.address).and_then(Weak::upgrade).is_some_and(|known| Arc::ptr_eq(&known, &host));
            if !is_known {
                asked.insert(host.address.clone(), Arc::downgrade(&host));
                tokio::spawn(check(cluster.clone(), Arc::downgrade(&host)));
            }
        }
        drop(own);
        tokio::time::sleep(LOOK).await;
    }
}

async fn check(cluster: Weak<UpstreamCluster>, host: Weak<Host>) {
    let mut history = History::default();
    loop {
        let (Some(own), Some(asked)) = (cluster.upgrade(), host.upgrade()) else { return };
        let Some(checks) = own.checks() else { return };
        let time = own.shared.runtime.time;
        let limit = checks.config.timeout.unwrap_or(Duration::from_secs(1));
        let answer = time.timeout(limit, ask(&checks.checker, &own, &asked)).await;
        let health = answer.unwrap_or(Health::Unreachable);
        checks.count(health);
        let was_well = asked.passes_checks();
        let is_well = history.take(health, was_well, &checks.config);
        own.tell_health(&asked, is_well);
        let healthy = own.hosts().iter().filter(|host| host.passes_checks()).count();
        checks.stats.healthy.set(healthy as i64);
        let has_traffic = own.stats().upstream_cx_total.value() > 0;
        let pause = checks.pause(is_well, is_well != was_well, has_traffic);
        drop((own, asked));
        time.sleep(pause).await;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Health, History};
    use crate::envoy::Json;
    use crate::envoy::health_check::HealthCheck;

    #[test]
    fn thresholds_count_answers_in_a_row() {
        let config = json!({"healthyThreshold": 2, "unhealthyThreshold": 3});
        let config = HealthCheck::read(&config).unwrap();
        let mut history = History::default();
        let mut is_well = false;
        let answers = [
            // The first answer counts at once.
            (Health::Well, true),
            (Health::Unreachable, true),
            (Health::Unreachable, true),
            (Health::Well, true),
            (Health::Unreachable, true),
            (Health::Unreachable, true),
            (Health::Unreachable, false),
            (Health::Well, false),
            (Health::Well, true),
            // So does a host's own word.
            (Health::Ill, false),
        ];
        for (index, (health, expected)) in answers.into_iter().enumerate() {
            is_well = history.take(health, is_well, &config);
            assert_eq!(is_well, expected, "{index}: {health:?}");
        }
    }
}
