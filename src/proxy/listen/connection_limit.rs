//! The filter `connection_limit` (Envoy 1.40 `source/extensions/filters/network/connection_limit/connection_limit.cc`).

use std::time::Duration;

use crate::envoy::Object;
use crate::proxy::stats::{Counter, Gauge, Held, Scope, Stats};
use crate::trace::fields::{duration, field, message, number};

/// How many connections a chain has at most.
#[derive(Debug)]
pub struct ConnectionLimit {
    most: i64,
    /// After which time those are closed that are too many.
    pub delay: Duration,
    active: Gauge,
    limited: Counter,
}

impl ConnectionLimit {
    /// `None` if it is turned off.
    pub fn new(config: &Object, stats: &Stats) -> Option<Self> {
        let enabled = message(config, "runtime_enabled").and_then(|enabled| field(enabled, "default_value"));
        if enabled.is_some_and(|enabled| enabled == false) {
            return None;
        }
        let prefix = field(config, "stat_prefix").and_then(|prefix| prefix.as_str()).unwrap_or_default();
        let scope = stats.scope(Scope::Other(format!("connection_limit.{prefix}")));
        Some(Self {
            most: number(config, "max_connections").and_then(|most| i64::try_from(most).ok()).unwrap_or(i64::MAX),
            delay: duration(config, "delay").unwrap_or_default(),
            active: scope.gauge("active_connections"),
            limited: scope.counter("limited_connections"),
        })
    }

    /// A place for a connection, if there is one.
    pub fn enter(&self) -> Option<Held> {
        let held = self.active.hold();
        if self.active.value() > self.most {
            self.limited.increment();
            return None;
        }
        Some(held)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::ConnectionLimit;
    use crate::proxy::stats::Stats;

    #[test]
    fn so_many_connections_and_no_more() {
        let limit = |config: serde_json::Value| ConnectionLimit::new(config.as_object().unwrap(), &Stats::default());
        let limit_of_two = limit(json!({"statPrefix": "a", "maxConnections": "2"})).unwrap();
        let (one, two) = (limit_of_two.enter(), limit_of_two.enter());
        assert!(one.is_some() && two.is_some() && limit_of_two.enter().is_none());
        drop(one);
        assert!(limit_of_two.enter().is_some());
        assert!(limit(json!({"max_connections": 1, "runtime_enabled": {"default_value": false}})).is_none());
    }
}
