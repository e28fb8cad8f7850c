//! Which parts of the names of metrics become labels (Envoy 1.40 `source/common/config/well_known_names.cc`, and
//! `stats_config.stats_tags` of a bootstrap, `source/common/stats/tag_extractor_impl.cc`).

use std::ops::Range;

use regex::Regex;
use serde_json::Value;

use crate::envoy::Object;
use crate::envoy::message::field;

/// In the order in which labels are printed.
#[derive(Debug)]
pub struct Tags {
    found: Vec<(String, Regex)>,
    fixed: Vec<(String, String)>,
}

/// What becomes a label: its key and value, and the part of the name that it takes away.
type Label = (String, String, Range<usize>);

/// The name of the label, and where its value is: the first group goes, the second, if there is one, is the value.
const DEFAULTS: [(&str, &str); 6] = [
    ("envoy.response_code", r"_rq(_(\d{3}))$"),
    ("envoy.response_code_class", r"_rq_((\d))xx$"),
    ("envoy.cluster_name", r"^cluster\.(([^.]+)\.)"),
    ("envoy.http_conn_manager_prefix", r"^http\.(([^.]+)\.)"),
    ("envoy.tcp_prefix", r"^tcp\.((.*?)\.)\w+?$"),
    ("envoy.listener_address", r"^listener\.(([_.\d]*|[_\[\]aAbBcCdDeEfF\d]*)\.)"),
];

impl Tags {
    /// `config`: the `stats_config` of a bootstrap. What is no regular expression is passed over.
    pub fn new(config: Option<&Value>) -> Self {
        let empty = Object::new();
        let config = config.and_then(Value::as_object).unwrap_or(&empty);
        let text = |tag: &Value, name| tag.as_object().and_then(|tag| field(tag, name)?.as_str().map(str::to_owned));
        let own = || field(config, "stats_tags").and_then(Value::as_array).into_iter().flatten();
        let regexes = own().filter_map(|tag| {
            let name = text(tag, "tag_name")?;
            let regex = match text(tag, "regex") {
                Some(regex) => regex,
                None => DEFAULTS.iter().find(|(default, _)| *default == name)?.1.to_owned(),
            };
            Some((name, regex)).filter(|_| text(tag, "fixed_value").is_none())
        });
        let with_defaults = field(config, "use_all_default_tags") != Some(&Value::Bool(false));
        let defaults =
            DEFAULTS.iter().filter(|_| with_defaults).map(|(name, regex)| (name.to_string(), regex.to_string()));
        let compiled = defaults.chain(regexes).filter_map(|(name, regex)| Some((name, Regex::new(&regex).ok()?)));
        Self {
            found: compiled.collect(),
            fixed: own().filter_map(|tag| text(tag, "tag_name").zip(text(tag, "fixed_value"))).collect(),
        }
    }

    /// What is left of a name, and the labels.
    pub fn of(&self, name: &str) -> (String, Vec<(String, String)>) {
        let mut labels: Vec<(String, String)> = Vec::new();
        let mut gone = Vec::new();
        for (key, value, range) in self.found.iter().filter_map(|(key, regex)| label(key, regex, name)) {
            gone.push(range);
            if labels.iter().all(|(own, _)| *own != key) {
                labels.push((key, value));
            }
        }
        labels.extend(self.fixed.iter().cloned());
        let is_left = |at: usize| !gone.iter().any(|range| range.contains(&at));
        (name.char_indices().filter(|(at, _)| is_left(*at)).map(|(_, letter)| letter).collect(), labels)
    }
}

fn label(key: &str, regex: &Regex, name: &str) -> Option<Label> {
    let captures = regex.captures(name)?;
    let whole = captures.get(1)?;
    let value = captures.get(2).unwrap_or(whole);
    Some((key.to_owned(), value.as_str().to_owned(), whole.range()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Tags;

    #[test]
    fn names_are_taken_apart_as_envoy_does() {
        let tags = Tags::new(None);
        let table = [
            (
                "cluster.outbound|80||a.b.upstream_rq_200",
                "cluster.b.upstream_rq",
                "response_code=200 cluster_name=outbound|80||a",
            ),
            ("cluster.a.upstream_rq_2xx", "cluster.upstream_rq_xx", "response_code_class=2 cluster_name=a"),
            ("http.web.downstream_rq_total", "http.downstream_rq_total", "http_conn_manager_prefix=web"),
            (
                "listener.127.0.0.1_80.downstream_cx_total",
                "listener.downstream_cx_total",
                "listener_address=127.0.0.1_80",
            ),
            ("listener.named.downstream_cx_total", "listener.named.downstream_cx_total", ""),
            ("server.uptime", "server.uptime", ""),
        ];
        for (name, left, labels) in table {
            let (own, found) = tags.of(name);
            let found: Vec<_> =
                found.iter().map(|(key, value)| format!("{}={value}", &key["envoy.".len()..])).collect();
            assert_eq!((own.as_str(), found.join(" ").as_str()), (left, labels), "{name}");
        }
    }

    /// As in the bootstraps of Istio's proxies.
    #[test]
    fn a_bootstrap_may_say_otherwise() {
        let config = json!({
            "use_all_default_tags": false,
            "statsTags": [
                {"tag_name": "cluster_name", "regex": r"^cluster\.((.+?(\..+?\.svc\.cluster\.local)?)\.)"},
                {"tag_name": "mesh", "fixed_value": "one"},
            ],
        });
        let (left, labels) = Tags::new(Some(&config)).of("cluster.outbound|80||a.b.svc.cluster.local.upstream_rq_200");
        assert_eq!(left, "cluster.upstream_rq_200");
        let label = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(labels, [label("cluster_name", "outbound|80||a.b.svc.cluster.local"), label("mesh", "one")]);
    }
}
