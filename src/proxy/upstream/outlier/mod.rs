//! Outlier detection: hosts that fail are not used for a while (`source/common/upstream/outlier_detection_impl.cc`).

mod monitor;
mod settings;

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::StatusCode;

use crate::envoy::cluster::OutlierDetection;
use crate::proxy::dice::Dice;
use crate::proxy::per_worker::lock;
use crate::proxy::stats::{Counter, Gauge, Scoped};

use super::host::Host;
pub use monitor::{Monitor, Rate};
use settings::Settings;

/// How an attempt on a host ended, for outlier detection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// With the status, or what a gRPC status stands for.
    Response(StatusCode),
    /// A connection was there. Bytes may follow, or a request that is told of on its own.
    Connected,
    /// A connection was made, and that is all there is to know: TCP.
    ConnectedFinally,
    /// No connection could be made.
    NotConnected,
    /// It took too long.
    TimedOut,
    /// The connection or stream broke before the response.
    Reset,
}

/// Why a host is an outlier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Consecutive5xx,
    ConsecutiveGatewayFailure,
    ConsecutiveLocalOriginFailure,
    SuccessRate,
    LocalOriginSuccessRate,
    FailurePercentage,
    LocalOriginFailurePercentage,
}

/// What rates of success are compared with.
#[derive(Clone, Copy, Debug)]
pub struct Means {
    pub average: f64,
    /// So many standard deviations below: hosts with less are ejected.
    pub threshold: f64,
}

/// Decides which hosts of a cluster are outliers.
#[derive(Debug)]
pub struct Detector {
    settings: Settings,
    means: Mutex<[Option<Means>; 2]>,
    detected: [Counter; Kind::ALL.len()],
    enforced: [Counter; Kind::ALL.len()],
    enforced_total: Counter,
    total: Counter,
    /// Older names of `detected`, which Envoy counts, too.
    consecutive_5xx: Counter,
    success_rate: Counter,
    overflow: Counter,
    active: Gauge,
}

impl Kind {
    pub const ALL: [Self; 7] = [
        Self::Consecutive5xx,
        Self::ConsecutiveGatewayFailure,
        Self::ConsecutiveLocalOriginFailure,
        Self::SuccessRate,
        Self::LocalOriginSuccessRate,
        Self::FailurePercentage,
        Self::LocalOriginFailurePercentage,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Consecutive5xx => "consecutive_5xx",
            Self::ConsecutiveGatewayFailure => "consecutive_gateway_failure",
            Self::ConsecutiveLocalOriginFailure => "consecutive_local_origin_failure",
            Self::SuccessRate => "success_rate",
            Self::LocalOriginSuccessRate => "local_origin_success_rate",
            Self::FailurePercentage => "failure_percentage",
            Self::LocalOriginFailurePercentage => "local_origin_failure_percentage",
        }
    }
}

impl Detector {
    pub fn new(config: &OutlierDetection, scope: &Scoped) -> Self {
        let counter = |name: &str| scope.counter(format!("outlier_detection.{name}"));
        Self {
            settings: Settings::new(config),
            means: Mutex::default(),
            detected: Kind::ALL.map(|kind| counter(&format!("ejections_detected_{}", kind.name()))),
            enforced: Kind::ALL.map(|kind| counter(&format!("ejections_enforced_{}", kind.name()))),
            enforced_total: counter("ejections_enforced_total"),
            total: counter("ejections_total"),
            consecutive_5xx: counter("ejections_consecutive_5xx"),
            success_rate: counter("ejections_success_rate"),
            overflow: counter("ejections_overflow"),
            active: scope.gauge("outlier_detection.ejections_active"),
        }
    }

    pub fn interval(&self) -> Duration {
        self.settings.interval
    }

    /// Counts an outcome. The answer is how the host has become an outlier by it.
    pub fn count(&self, monitor: &Monitor, outcome: Outcome) -> Vec<Kind> {
        let code = |code| self.count_code(monitor, code);
        if self.settings.split {
            return match outcome {
                Outcome::Response(status) => code(status.as_u16()),
                Outcome::Connected | Outcome::ConnectedFinally => {
                    monitor.local.count(true);
                    monitor.consecutive_local.store(0, Ordering::Relaxed);
                    Vec::new()
                }
                Outcome::NotConnected | Outcome::TimedOut | Outcome::Reset => self.count_local_failure(monitor),
            };
        }
        match outcome {
            Outcome::Response(status) => code(status.as_u16()),
            Outcome::Connected => Vec::new(),
            Outcome::ConnectedFinally => code(200),
            Outcome::NotConnected | Outcome::Reset => code(503),
            Outcome::TimedOut => code(504),
        }
    }

    fn count_code(&self, monitor: &Monitor, code: u16) -> Vec<Kind> {
        let failed = code >= 500;
        monitor.external.count(!failed);
        if !failed {
            monitor.consecutive_5xx.store(0, Ordering::Relaxed);
            monitor.consecutive_gateway.store(0, Ordering::Relaxed);
            return Vec::new();
        }
        let mut kinds = Vec::new();
        if (502..=504).contains(&code) {
            if monitor.consecutive_gateway.fetch_add(1, Ordering::Relaxed) + 1 == self.settings.consecutive_gateway {
                kinds.push(Kind::ConsecutiveGatewayFailure);
            }
        } else {
            monitor.consecutive_gateway.store(0, Ordering::Relaxed);
        }
        if monitor.consecutive_5xx.fetch_add(1, Ordering::Relaxed) + 1 == self.settings.consecutive_5xx {
            kinds.push(Kind::Consecutive5xx);
        }
        kinds
    }

    fn count_local_failure(&self, monitor: &Monitor) -> Vec<Kind> {
        monitor.local.count(false);
        let reached = monitor.consecutive_local.fetch_add(1, Ordering::Relaxed) + 1 == self.settings.consecutive_local;
        reached.then_some(Kind::ConsecutiveLocalOriginFailure).into_iter().collect()
    }

    /// Ejects a host that has failed so often in a row, if it may. Whether it did. To be called for one host at a time.
    pub fn eject_consecutive(&self, host: &Host, kind: Kind, hosts: &[Arc<Host>], now: Duration, dice: &Dice) -> bool {
        if host.is_ejected() {
            return false;
        }
        self.detect(kind);
        let ejected = self.eject(host, kind, hosts, now, dice);
        let monitor = &host.monitor;
        let counter = match kind {
            Kind::Consecutive5xx => &monitor.consecutive_5xx,
            Kind::ConsecutiveGatewayFailure => &monitor.consecutive_gateway,
            _ => &monitor.consecutive_local,
        };
        counter.store(0, Ordering::Relaxed);
        ejected
    }

    fn detect(&self, kind: Kind) {
        self.detected[kind as usize].increment();
        match kind {
            Kind::Consecutive5xx => self.consecutive_5xx.increment(),
            Kind::SuccessRate | Kind::LocalOriginSuccessRate => self.success_rate.increment(),
            _ => {}
        }
    }

    fn eject(&self, host: &Host, kind: Kind, hosts: &[Arc<Host>], now: Duration, dice: &Dice) -> bool {
        let active = hosts.iter().filter(|host| host.is_ejected()).count();
        let percent = 100.0 * (active + 1) as f64 / hosts.len() as f64;
        let allowed = percent <= f64::from(self.settings.max_percent) || self.settings.always_one && active == 0;
        if !allowed {
            self.overflow.increment();
            return false;
        }
        if matches!(kind, Kind::Consecutive5xx | Kind::SuccessRate) {
            self.total.increment();
        }
        if !dice.chance(self.settings.enforcing(kind), 100) {
            return false;
        }
        self.enforced_total.increment();
        self.enforced[kind as usize].increment();
        self.active.set(active as i64 + 1);
        let mut ejection = lock(&host.monitor.ejection);
        ejection.count += 1;
        ejection.ejected_at = Some(now);
        let jitter = dice.below(self.settings.max_jitter.as_millis() as u64 + 1);
        ejection.jitter = Duration::from_millis(jitter);
        if self.settings.base_time * ejection.factor < self.settings.max_time + self.settings.base_time {
            ejection.factor += 1;
        }
        host.ejected.store(true, Ordering::Relaxed);
        true
    }

    /// What is done at each interval. Whether a host was ejected or came back.
    pub fn sweep(&self, hosts: &[Arc<Host>], now: Duration, dice: &Dice) -> bool {
        let mut changed = false;
        for host in hosts {
            changed |= self.bring_back(host, now);
            host.monitor.external.end_interval();
            host.monitor.local.end_interval();
        }
        let rates = [(|host: &Host| &host.monitor.external) as fn(&Host) -> &Rate, |host: &Host| &host.monitor.local];
        let kinds = [
            (Kind::SuccessRate, Kind::FailurePercentage),
            (Kind::LocalOriginSuccessRate, Kind::LocalOriginFailurePercentage),
        ];
        for (origin, (rate, (success, failure))) in rates.into_iter().zip(kinds).enumerate() {
            let (means, outliers) = self.compare(hosts, rate, success, failure);
            lock(&self.means)[origin] = means;
            for (host, kind) in outliers {
                self.detect(kind);
                changed |= !host.is_ejected() && self.eject(host, kind, hosts, now, dice);
            }
        }
        for host in hosts.iter().filter(|host| !host.is_ejected()) {
            let mut ejection = lock(&host.monitor.ejection);
            if ejection.returned_at.is_some_and(|returned| now.saturating_sub(returned) >= self.settings.interval) {
                ejection.factor = ejection.factor.saturating_sub(1);
            }
        }
        self.active.set(hosts.iter().filter(|host| host.is_ejected()).count() as i64);
        changed
    }

    fn bring_back(&self, host: &Host, now: Duration) -> bool {
        let mut ejection = lock(&host.monitor.ejection);
        let Some(since) = ejection.ejected_at.filter(|_| host.is_ejected()) else { return false };
        let length = (self.settings.base_time * ejection.factor).min(self.settings.max_time) + ejection.jitter;
        if now.saturating_sub(since) < length {
            return false;
        }
        host.ejected.store(false, Ordering::Relaxed);
        host.monitor.forget_errors();
        ejection.returned_at = Some(now);
        true
    }

    /// The hosts that are much worse than the others, or bad as such.
    fn compare<'h>(
        &self,
        hosts: &'h [Arc<Host>],
        rate: fn(&Host) -> &Rate,
        success: Kind,
        failure: Kind,
    ) -> (Option<Means>, Vec<(&'h Arc<Host>, Kind)>) {
        let limits = &self.settings.rate;
        if hosts.len() < limits.least_hosts && hosts.len() < limits.failure_least_hosts {
            return (None, Vec::new());
        }
        let rates: Vec<_> = hosts
            .iter()
            .filter(|host| !host.is_ejected())
            .filter_map(|host| rate(host).of_last_interval().map(|(rate, volume)| (host, rate, volume)))
            .collect();
        let enough = |least: u64| rates.iter().filter(move |(_, _, volume)| *volume >= least);
        for (host, value, _) in enough(limits.least_volume.min(limits.failure_least_volume)) {
            rate(host).tell(Some(*value));
        }
        let (mut means, mut found) = (None, Vec::new());
        let compared: Vec<f64> = enough(limits.least_volume).map(|(_, rate, _)| *rate).collect();
        if !compared.is_empty() && compared.len() >= limits.least_hosts {
            let own = Means::new(&compared, limits.deviations);
            let low = enough(limits.least_volume).filter(|(_, rate, _)| *rate < own.threshold);
            means = Some(own);
            found.extend(low.map(|(host, _, _)| (*host, success)));
        }
        let many = enough(limits.failure_least_volume).count();
        if many > 0 && many >= limits.failure_least_hosts {
            let bad =
                enough(limits.failure_least_volume).filter(|(_, rate, _)| 100.0 - rate >= limits.failure_threshold);
            found.extend(bad.map(|(host, _, _)| (*host, failure)));
        }
        (means, found)
    }

    /// Of what upstreams answer, and of what the proxy itself sees; `None` if too few hosts had enough requests in the
    /// last interval.
    pub fn means(&self) -> [Option<Means>; 2] {
        *lock(&self.means)
    }
}

impl Means {
    fn new(rates: &[f64], deviations: f64) -> Self {
        let count = rates.len() as f64;
        let average = rates.iter().sum::<f64>() / count;
        let variance = rates.iter().map(|rate| (rate - average).powi(2)).sum::<f64>() / count;
        Self { average, threshold: average - deviations * variance.sqrt() }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use http::StatusCode;
    use serde_json::{Value, json};

    use super::{Detector, Kind, Means, Outcome};
    use crate::envoy::Json;
    use crate::envoy::cluster::OutlierDetection;
    use crate::proxy::dice::Dice;
    use crate::proxy::stats::Stats;
    use crate::proxy::upstream::host::Host;

    struct Lab {
        detector: Detector,
        hosts: Vec<Arc<Host>>,
        dice: Dice,
        stats: Stats,
    }

    impl Lab {
        fn new(config: Value, hosts: u16) -> Self {
            let stats = Stats::default();
            let detector = Detector::new(&OutlierDetection::read(&config).unwrap(), &stats.cluster("c"));
            let hosts = (0..hosts).map(|port| Arc::new(Host::at(([127, 0, 0, 1], port).into(), 1))).collect();
            Self { detector, hosts, dice: Dice::new(Some(1), 1), stats }
        }

        fn record(&self, host: usize, outcome: Outcome, seconds: u64) {
            let host = &self.hosts[host];
            for kind in self.detector.count(&host.monitor, outcome) {
                let now = Duration::from_secs(seconds);
                self.detector.eject_consecutive(host, kind, &self.hosts, now, &self.dice);
            }
        }

        fn fail(&self, host: usize, status: u16, times: usize, seconds: u64) {
            let outcome = Outcome::Response(StatusCode::from_u16(status).unwrap());
            (0..times).for_each(|_| self.record(host, outcome, seconds));
        }

        fn sweep(&self, seconds: u64) -> bool {
            self.detector.sweep(&self.hosts, Duration::from_secs(seconds), &self.dice)
        }

        fn ejected(&self) -> Vec<usize> {
            (0..self.hosts.len()).filter(|index| self.hosts[*index].is_ejected()).collect()
        }

        fn counter(&self, name: &str) -> u64 {
            self.stats.cluster("c").counter(format!("outlier_detection.{name}")).value()
        }
    }

    #[test]
    fn errors_in_a_row_eject() {
        let lab = Lab::new(json!({"maxEjectionPercent": 50}), 2);
        lab.fail(0, 500, 4, 0);
        lab.fail(0, 200, 1, 0);
        lab.fail(0, 500, 4, 0);
        assert_eq!(lab.ejected(), [0; 0]);
        lab.fail(0, 503, 1, 0);
        assert_eq!(lab.ejected(), [0]);
        // The other may not go, too.
        lab.fail(1, 500, 5, 0);
        assert_eq!((lab.ejected(), lab.counter("ejections_overflow")), (vec![0], 1));
    }

    #[test]
    fn gateway_errors_count_apart() {
        let config = json!({"consecutive5xx": 0, "enforcingConsecutive5xx": 0, "consecutiveGatewayFailure": 3,
            "enforcingConsecutiveGatewayFailure": 100, "maxEjectionPercent": 100});
        let lab = Lab::new(config, 2);
        lab.fail(0, 504, 2, 0);
        lab.fail(0, 500, 1, 0);
        lab.fail(0, 504, 2, 0);
        assert_eq!(lab.ejected(), [0; 0]);
        lab.fail(0, 502, 1, 0);
        assert_eq!(lab.ejected(), [0]);
        assert_eq!(lab.counter("ejections_enforced_consecutive_gateway_failure"), 1);
    }

    #[test]
    fn errors_of_connections_are_503_unless_they_are_split_off() {
        let lab = Lab::new(json!({"maxEjectionPercent": 100}), 1);
        (0..5).for_each(|_| lab.record(0, Outcome::NotConnected, 0));
        assert_eq!((lab.ejected(), lab.counter("ejections_enforced_consecutive_5xx")), (vec![0], 1));
        let split = json!({"maxEjectionPercent": 100, "splitExternalLocalOriginErrors": true});
        let lab = Lab::new(split, 1);
        (0..4).for_each(|_| lab.record(0, Outcome::TimedOut, 0));
        lab.record(0, Outcome::Connected, 0);
        (0..4).for_each(|_| lab.record(0, Outcome::NotConnected, 0));
        assert_eq!(lab.ejected(), [0; 0]);
        lab.record(0, Outcome::NotConnected, 0);
        assert_eq!(lab.counter("ejections_enforced_consecutive_local_origin_failure"), 1);
    }

    #[test]
    fn each_ejection_lasts_longer_up_to_the_limit() {
        let lab = Lab::new(json!({"maxEjectionPercent": 100, "maxEjectionTime": "70s"}), 1);
        let mut now = 0;
        for length in [30, 60, 70, 70] {
            lab.fail(0, 500, 5, now);
            assert!(!lab.sweep(now + length - 1), "back too early at {now}");
            assert!(lab.sweep(now + length), "not back after {length} s");
            now += length;
        }
        // It counts for less with each interval without an ejection.
        (1..=4).for_each(|step| assert!(!lab.sweep(now + 10 * step)));
        lab.fail(0, 500, 5, now + 41);
        assert!(lab.sweep(now + 71));
    }

    #[test]
    fn few_hosts_are_not_ejected_by_default() {
        let lab = Lab::new(json!({}), 9);
        lab.fail(0, 500, 5, 0);
        assert_eq!(lab.ejected(), [0; 0]);
        let lab = Lab::new(json!({}), 10);
        lab.fail(0, 500, 5, 0);
        assert_eq!(lab.ejected(), [0]);
        let lab = Lab::new(json!({"alwaysEjectOneHost": true}), 2);
        lab.fail(0, 500, 5, 0);
        lab.fail(1, 500, 5, 0);
        assert_eq!(lab.ejected(), [0]);
    }

    #[test]
    fn what_is_not_enforced_is_only_counted() {
        let lab = Lab::new(json!({"maxEjectionPercent": 100, "enforcingConsecutive5xx": 0}), 1);
        lab.fail(0, 500, 5, 0);
        assert_eq!((lab.ejected(), lab.counter("ejections_detected_consecutive_5xx")), (vec![], 1));
        assert_eq!((lab.counter("ejections_consecutive_5xx"), lab.counter("ejections_enforced_total")), (1, 0));
    }

    /// The example in Envoy's `DetectorImpl::successRateEjectionThreshold`.
    #[test]
    fn the_threshold_is_below_the_mean() {
        assert_eq!(Means::new(&[50.0, 100.0, 100.0, 100.0, 100.0], 1.9).threshold, 52.0);
    }

    #[test]
    fn a_low_success_rate_ejects_at_the_interval() {
        let lab = Lab::new(json!({"maxEjectionPercent": 100, "consecutive5xx": 1000}), 5);
        for host in 0..5 {
            lab.fail(host, 200, if host == 0 { 50 } else { 100 }, 0);
        }
        lab.fail(0, 500, 50, 0);
        assert!(lab.sweep(10));
        assert_eq!(lab.ejected(), [0]);
        assert_eq!(lab.counter("ejections_enforced_success_rate"), 1);
    }

    #[test]
    fn a_high_percentage_of_failures_ejects_all_that_have_it() {
        let config = json!({"maxEjectionPercent": 100, "consecutive5xx": 1000, "enforcingFailurePercentage": 100,
            "enforcingSuccessRate": 0, "failurePercentageThreshold": 40});
        let lab = Lab::new(config, 5);
        for host in 0..5 {
            lab.fail(host, 200, 30, 0);
            lab.fail(host, 500, if host < 2 { 20 } else { 19 }, 0);
        }
        (2..5).for_each(|host| lab.fail(host, 200, 1, 0));
        assert!(lab.sweep(10));
        assert_eq!(lab.ejected(), [0, 1]);
        assert_eq!(lab.counter("ejections_detected_failure_percentage"), 2);
        assert_eq!(Kind::FailurePercentage.name(), "failure_percentage");
    }
}
