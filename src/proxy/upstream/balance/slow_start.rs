//! New hosts get their share little by little
//! (`source/extensions/load_balancing_policies/common/load_balancer_impl.cc`, `applySlowStartFactor`).

use std::time::Duration;

use crate::envoy::cluster::SlowStartConfig;
use crate::proxy::time::Time;
use crate::proxy::upstream::host::Host;

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SlowStart {
    /// On the clock on the wall.
    window: Duration,
    aggression: f64,
    /// The part of its weight that a host has at the beginning.
    least: f64,
}

impl SlowStart {
    /// `None` if the configuration has no window.
    pub fn new(config: &SlowStartConfig, time: Time) -> Option<Self> {
        let window = config.slow_start_window.filter(|window| !window.is_zero())?;
        let aggression = config.aggression.as_ref().map_or(1.0, |own| own.default_value);
        Some(Self {
            window: time.on_wall(window),
            aggression: if aggression > 0.0 { aggression } else { 1.0 },
            least: config.min_weight_percent.as_ref().map_or(10.0, |percent| percent.value) / 100.0,
        })
    }

    /// The part of its weight that a host has.
    pub fn share(&self, host: &Host) -> f64 {
        self.share_after(host.healthy_for())
    }

    pub fn is_new(&self, host: &Host) -> bool {
        host.healthy_for() <= self.window
    }

    fn share_after(&self, age: Duration) -> f64 {
        if age >= self.window {
            return 1.0;
        }
        let part = age.max(Duration::from_millis(1)).div_duration_f64(self.window);
        part.powf(1.0 / self.aggression).max(self.least)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::SlowStart;
    use crate::envoy::Json;
    use crate::envoy::cluster::SlowStartConfig;
    use crate::proxy::time::Time;

    /// The curve of Envoy's documentation (`docs/root/intro/arch_overview/upstream/load_balancing/slow_start.rst`).
    #[test]
    fn shares_grow_with_time() {
        let slow = |fields| SlowStart::new(&SlowStartConfig::read(&fields).unwrap(), Time::default());
        assert_eq!(slow(json!({})), None);
        let table = [
            (json!({"slowStartWindow": "10s"}), 0.0, 0.1),
            (json!({"slowStartWindow": "10s"}), 5.0, 0.5),
            (json!({"slowStartWindow": "10s"}), 10.0, 1.0),
            (json!({"slowStartWindow": "10s", "minWeightPercent": {"value": 60.0}}), 5.0, 0.6),
            (json!({"slowStartWindow": "10s", "aggression": {"defaultValue": 2.0, "runtimeKey": "a"}}), 2.5, 0.5),
        ];
        for (fields, seconds, expected) in table {
            let share = slow(fields.clone()).unwrap().share_after(Duration::from_secs_f64(seconds));
            assert!((share - expected).abs() < 1e-9, "{fields} after {seconds}: {share}");
        }
    }
}
