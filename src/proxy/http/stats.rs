//! The metrics of a connection manager, looked up once.

use std::sync::Arc;
use std::time::Duration;

use crate::proxy::stats::{Counter, Gauge, Histogram, Stats};

/// `http.PREFIX.…`
#[derive(Debug)]
pub struct ManagerStats {
    pub connections: Gauge,
    pub connections_total: Counter,
    pub requests: Gauge,
    pub requests_total: Counter,
    pub http1_total: Counter,
    pub http2_total: Counter,
    pub completed: Counter,
    /// By the first digit of the status.
    classes: [Counter; 5],
    pub time: Arc<Histogram>,
    pub routed: Counter,
    pub no_route: Counter,
    pub no_cluster: Counter,
    pub direct: Counter,
    pub idle_timeouts: Counter,
    pub aborts: Counter,
    pub delays: Counter,
    pub rbac_allowed: Counter,
    pub rbac_denied: Counter,
    pub shadow_allowed: Counter,
    pub shadow_denied: Counter,
    pub jwt_allowed: Counter,
    pub jwt_denied: Counter,
    pub origins_valid: Counter,
    pub origins_invalid: Counter,
}

impl ManagerStats {
    pub fn new(stats: &Stats, prefix: &str) -> Self {
        let scope = stats.http(prefix);
        let class = |digit: u8| scope.counter(format!("downstream_rq_{digit}xx"));
        Self {
            connections: scope.gauge("downstream_cx_active"),
            connections_total: scope.counter("downstream_cx_total"),
            requests: scope.gauge("downstream_rq_active"),
            requests_total: scope.counter("downstream_rq_total"),
            http1_total: scope.counter("downstream_rq_http1_total"),
            http2_total: scope.counter("downstream_rq_http2_total"),
            completed: scope.counter("downstream_rq_completed"),
            classes: [class(1), class(2), class(3), class(4), class(5)],
            time: scope.histogram("downstream_rq_time"),
            routed: scope.counter("rq_total"),
            no_route: scope.counter("no_route"),
            no_cluster: scope.counter("no_cluster"),
            direct: scope.counter("rq_direct_response"),
            idle_timeouts: scope.counter("downstream_rq_idle_timeout"),
            aborts: scope.counter("fault.aborts_injected"),
            delays: scope.counter("fault.delays_injected"),
            rbac_allowed: scope.counter("rbac.allowed"),
            rbac_denied: scope.counter("rbac.denied"),
            shadow_allowed: scope.counter("rbac.shadow_allowed"),
            shadow_denied: scope.counter("rbac.shadow_denied"),
            jwt_allowed: scope.counter("jwt_authn.allowed"),
            jwt_denied: scope.counter("jwt_authn.denied"),
            origins_valid: scope.counter("cors.origin_valid"),
            origins_invalid: scope.counter("cors.origin_invalid"),
        }
    }

    pub fn ended(&self, status: u16, took: Duration) {
        self.completed.increment();
        if let Some(class) = self.classes.get(usize::from(status / 100).wrapping_sub(1)) {
            class.increment();
        }
        self.time.record(took.as_millis() as u64);
    }
}
