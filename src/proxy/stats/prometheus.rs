//! Metrics in Prometheus' text format, with Envoy's names and labels
//! (`source/server/admin/prometheus_stats.cc`).

use std::collections::BTreeMap;
use std::fmt::Write;

use super::print::Shown;
use super::tags::Tags;
use super::{Histogram, Stats, Value};

pub fn prometheus(stats: &Stats, shown: &Shown, tags: &Tags) -> String {
    let mut families: BTreeMap<String, Vec<(String, Value)>> = BTreeMap::new();
    for (name, metric) in shown.of(stats) {
        let (name, labels) = named(&name, tags);
        families.entry(name).or_default().push((labels, metric.value));
    }
    let mut text = String::new();
    for (name, metrics) in families {
        let kind = match metrics.first() {
            Some((_, Value::Counter(_))) => "counter",
            Some((_, Value::Gauge(_))) => "gauge",
            Some((_, Value::Histogram(_))) => "histogram",
            None => continue,
        };
        // Writing to a text cannot fail.
        let _ = writeln!(text, "# TYPE {name} {kind}");
        for (labels, value) in metrics {
            let _ = match value {
                Value::Counter(counter) => writeln!(text, "{name}{{{labels}}} {}", counter.value()),
                Value::Gauge(gauge) => writeln!(text, "{name}{{{labels}}} {}", gauge.value()),
                Value::Histogram(histogram) => buckets(&mut text, &name, &labels, &histogram),
            };
        }
    }
    text
}

fn buckets(text: &mut String, name: &str, labels: &str, histogram: &Histogram) -> std::fmt::Result {
    let comma = if labels.is_empty() { "" } else { "," };
    for (bound, count) in histogram.cumulative() {
        writeln!(text, "{name}_bucket{{{labels}{comma}le=\"{bound}\"}} {count}")?;
    }
    writeln!(text, "{name}_bucket{{{labels}{comma}le=\"+Inf\"}} {}", histogram.count())?;
    writeln!(text, "{name}_sum{{{labels}}} {}", histogram.sum())?;
    writeln!(text, "{name}_count{{{labels}}} {}", histogram.count())
}

/// The name of the family, and the labels.
fn named(name: &str, tags: &Tags) -> (String, String) {
    let (name, labels) = tags.of(name);
    let labels = labels.iter().map(|(key, value)| format!("{}=\"{}\"", sanitized(key), escaped(value)));
    (format!("envoy_{}", sanitized(&name)), labels.collect::<Vec<_>>().join(","))
}

fn sanitized(name: &str) -> String {
    name.chars().map(|letter| if letter.is_ascii_alphanumeric() || letter == '_' { letter } else { '_' }).collect()
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::prometheus;
    use crate::proxy::stats::{Shown, Stats, Tags};

    #[test]
    fn scopes_and_codes_are_labels() {
        let stats = Stats::default();
        stats.cluster("outbound|80||a").counter("upstream_rq_2xx").add(3);
        stats.http("web").counter("downstream_rq_5xx").add(1);
        stats.listener("127.0.0.1:80").gauge("downstream_cx_active").set(2);
        assert_eq!(
            prometheus(&stats, &Shown::default(), &Tags::new(None)),
            "# TYPE envoy_cluster_upstream_rq_xx counter\n\
             envoy_cluster_upstream_rq_xx{envoy_response_code_class=\"2\",envoy_cluster_name=\"outbound|80||a\"} 3\n\
             # TYPE envoy_http_downstream_rq_xx counter\n\
             envoy_http_downstream_rq_xx{envoy_response_code_class=\"5\",envoy_http_conn_manager_prefix=\"web\"} 1\n\
             # TYPE envoy_listener_downstream_cx_active gauge\n\
             envoy_listener_downstream_cx_active{envoy_listener_address=\"127.0.0.1_80\"} 2\n"
        );
    }

    #[test]
    fn histograms_have_buckets() {
        let stats = Stats::default();
        stats.cluster("a").histogram("upstream_rq_time").record(3);
        let text = prometheus(&stats, &Shown::default(), &Tags::new(None));
        assert!(text.contains("envoy_cluster_upstream_rq_time_bucket{envoy_cluster_name=\"a\",le=\"1\"} 0\n"));
        assert!(text.contains("envoy_cluster_upstream_rq_time_bucket{envoy_cluster_name=\"a\",le=\"5\"} 1\n"));
        assert!(text.ends_with("envoy_cluster_upstream_rq_time_count{envoy_cluster_name=\"a\"} 1\n"));
    }
}
