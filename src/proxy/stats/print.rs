//! Metrics as Envoy's admin interface prints them at `/stats`.

use regex::Regex;
use serde_json::{Value as Json, json as object};

use super::{Histogram, Metric, Stats, Value};

/// Which metrics are shown.
#[derive(Debug, Default)]
pub struct Shown {
    /// Names in which this is found.
    pub filter: Option<Regex>,
    pub used_only: bool,
}

/// The parts of all values that are below the quantiles that Envoy prints.
const QUANTILES: [(&str, f64); 10] = [
    ("0", 0.0),
    ("25", 0.25),
    ("50", 0.5),
    ("75", 0.75),
    ("90", 0.9),
    ("95", 0.95),
    ("99", 0.99),
    ("99.5", 0.995),
    ("99.9", 0.999),
    ("100", 1.0),
];

impl Shown {
    pub(super) fn of(&self, stats: &Stats) -> Vec<(String, Metric)> {
        let mut all = stats.all();
        all.retain(|(name, metric)| {
            self.filter.as_ref().is_none_or(|filter| filter.is_match(name))
                && (!self.used_only || metric.value.is_used())
        });
        all
    }
}

impl Value {
    fn is_used(&self) -> bool {
        match self {
            Value::Counter(counter) => counter.value() > 0,
            Value::Gauge(gauge) => gauge.value() != 0,
            Value::Histogram(histogram) => histogram.count() > 0,
        }
    }
}

/// `name: value` in each line, histograms last.
pub fn text(stats: &Stats, shown: &Shown) -> String {
    let mut numbers = String::new();
    let mut histograms = String::new();
    for (name, metric) in shown.of(stats) {
        match &metric.value {
            Value::Counter(counter) => numbers += &format!("{name}: {}\n", counter.value()),
            Value::Gauge(gauge) => numbers += &format!("{name}: {}\n", gauge.value()),
            Value::Histogram(histogram) => histograms += &format!("{name}: {}\n", summary(histogram)),
        }
    }
    numbers + &histograms
}

fn summary(histogram: &Histogram) -> String {
    if histogram.count() == 0 {
        return "No recorded values".to_owned();
    }
    let parts = QUANTILES.iter().map(|(name, part)| {
        let value = histogram.quantile(*part).unwrap_or_default();
        format!("P{name}(nan,{})", rounded(value))
    });
    parts.collect::<Vec<_>>().join(" ")
}

fn rounded(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}

pub fn json(stats: &Stats, shown: &Shown) -> Json {
    let mut all = Vec::new();
    let mut computed = Vec::new();
    for (name, metric) in shown.of(stats) {
        match &metric.value {
            Value::Counter(counter) => all.push(object!({"name": name, "value": counter.value()})),
            Value::Gauge(gauge) => all.push(object!({"name": name, "value": gauge.value()})),
            Value::Histogram(histogram) => computed.push(object!({"name": name, "values": values(histogram)})),
        }
    }
    if !computed.is_empty() {
        let quantiles: Vec<_> = QUANTILES.iter().map(|(_, part)| part * 100.0).collect();
        all.push(object!({"histograms": {"supported_quantiles": quantiles, "computed_quantiles": computed}}));
    }
    object!({ "stats": all })
}

fn values(histogram: &Histogram) -> Vec<Json> {
    let value = |part| histogram.quantile(part).map(rounded);
    QUANTILES.iter().map(|(_, part)| object!({"interval": null, "cumulative": value(*part)})).collect()
}

#[cfg(test)]
mod tests {
    use regex::Regex;

    use super::{Shown, json, text};
    use crate::proxy::stats::Stats;

    fn stats() -> Stats {
        let stats = Stats::default();
        let scope = stats.cluster("outbound|80||a");
        scope.counter("upstream_rq_total").add(3);
        scope.counter("upstream_rq_timeout");
        scope.gauge("upstream_rq_active").set(1);
        scope.histogram("upstream_rq_time");
        stats.listener("127.0.0.1:80").counter("downstream_cx_total").increment();
        stats
    }

    #[test]
    fn lines_are_sorted_and_histograms_last() {
        assert_eq!(
            text(&stats(), &Shown::default()),
            "cluster.outbound|80||a.upstream_rq_active: 1\n\
             cluster.outbound|80||a.upstream_rq_timeout: 0\n\
             cluster.outbound|80||a.upstream_rq_total: 3\n\
             listener.127.0.0.1_80.downstream_cx_total: 1\n\
             cluster.outbound|80||a.upstream_rq_time: No recorded values\n"
        );
    }

    #[test]
    fn metrics_are_filtered() {
        let filter = Some(Regex::new("rq_t").unwrap());
        let shown = Shown { filter, used_only: true };
        assert_eq!(text(&stats(), &shown), "cluster.outbound|80||a.upstream_rq_total: 3\n");
        assert_eq!(json(&stats(), &shown)["stats"][0]["value"], 3);
    }
}
