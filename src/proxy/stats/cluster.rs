//! The metrics of a cluster.

use std::sync::{Arc, OnceLock};

use http::StatusCode;

use super::{Counter, Gauge, Histogram, Scoped, Stats};

macro_rules! metrics {
    ($(#[$doc:meta])* $name:ident { counters: $($counter:ident)*; gauges: $($gauge:ident)*; histograms: $($histogram:ident)*; }) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name {
            $(pub $counter: Counter,)*
            $(pub $gauge: Gauge,)*
            $(pub $histogram: Arc<Histogram>,)*
            codes: Codes,
        }

        impl $name {
            fn in_scope(scope: Scoped) -> Self {
                Self {
                    $($counter: scope.counter(stringify!($counter)),)*
                    $($gauge: scope.gauge(stringify!($gauge)),)*
                    $($histogram: scope.histogram(stringify!($histogram)),)*
                    codes: Codes::new(scope),
                }
            }
        }
    };
}

metrics! {
    /// `cluster.NAME.…`
    ClusterStats {
        counters:
            upstream_cx_total upstream_cx_http1_total upstream_cx_http2_total upstream_cx_connect_fail
            upstream_cx_connect_timeout upstream_cx_overflow upstream_cx_idle_timeout upstream_cx_max_requests
            upstream_cx_max_duration_reached upstream_cx_none_healthy upstream_cx_rx_bytes_total
            upstream_cx_tx_bytes_total upstream_rq_total upstream_rq_completed upstream_rq_pending_total
            upstream_rq_pending_overflow upstream_rq_pending_failure_eject upstream_rq_timeout
            upstream_rq_per_try_timeout upstream_rq_retry
            upstream_rq_retry_success upstream_rq_retry_overflow upstream_rq_retry_limit_exceeded lb_healthy_panic
            upstream_rq_1xx upstream_rq_2xx upstream_rq_3xx upstream_rq_4xx
            upstream_rq_5xx;
        gauges:
            upstream_cx_active upstream_rq_active upstream_rq_pending_active membership_total membership_healthy;
        histograms: upstream_cx_connect_ms upstream_cx_length_ms upstream_rq_time;
    }
}

impl ClusterStats {
    /// `name`: the `alt_stat_name` if there is one.
    pub fn new(stats: &Stats, name: &str) -> Self {
        Self::in_scope(stats.cluster(name))
    }

    /// Counts a response to a client by its status, whether an upstream or the proxy made it
    /// (`source/common/http/codes.cc`, `CodeStatsImpl::chargeResponseStat`).
    pub fn completed(&self, status: StatusCode) {
        self.upstream_rq_completed.increment();
        self.codes.count(status);
        match status.as_u16() / 100 {
            1 => self.upstream_rq_1xx.increment(),
            2 => self.upstream_rq_2xx.increment(),
            3 => self.upstream_rq_3xx.increment(),
            4 => self.upstream_rq_4xx.increment(),
            _ => self.upstream_rq_5xx.increment(),
        }
    }
}

/// `upstream_rq_200`, …: there from the first response with the status on.
#[derive(Debug)]
struct Codes {
    scope: Scoped,
    counters: OnceLock<Box<[OnceLock<Counter>]>>,
}

impl Codes {
    fn new(scope: Scoped) -> Self {
        Self { scope, counters: OnceLock::new() }
    }

    fn count(&self, status: StatusCode) {
        let counters = self.counters.get_or_init(|| (100..600).map(|_| OnceLock::new()).collect());
        let code = status.as_u16();
        if let Some(counter) = counters.get(usize::from(code).wrapping_sub(100)) {
            counter.get_or_init(|| self.scope.counter(format!("upstream_rq_{code}"))).increment();
        }
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::ClusterStats;
    use crate::proxy::stats::Stats;

    #[test]
    fn responses_count_by_class_and_code() {
        let stats = Stats::default();
        let cluster = ClusterStats::new(&stats, "a");
        for code in [200, 200, 204, 503] {
            cluster.completed(StatusCode::from_u16(code).unwrap());
        }
        let counter = |name: &'static str| stats.cluster("a").counter(name).value();
        assert_eq!(
            ["upstream_rq_2xx", "upstream_rq_200", "upstream_rq_204", "upstream_rq_503"].map(counter),
            [3, 2, 1, 1]
        );
        assert_eq!(counter("upstream_rq_completed"), 4);
    }
}
