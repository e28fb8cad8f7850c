//! What differs between two configurations.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::envoy::{Config, Json};

/// A part of a configuration that is compared as a whole: a listener, a cluster, the endpoints of one, a virtual host, or
/// what a route configuration has besides its virtual hosts.
pub(super) type Key = (Kind, String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Kind {
    Listener,
    Route,
    VirtualHost,
    Cluster,
    Endpoints,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Kind::Listener => "listener",
            Kind::Route => "route configuration",
            Kind::VirtualHost => "virtual host",
            Kind::Cluster => "cluster",
            Kind::Endpoints => "endpoints",
        }
    }
}

/// The parts of a configuration, without what differs from reading to reading.
pub(super) type Parts = BTreeMap<Key, Value>;

/// `addresses` are those that were invented, each with what it is of: their numbers depend on the order of files.
pub(super) fn parts(config: &Config, addresses: &BTreeMap<&str, String>) -> Parts {
    let mut parts = Parts::new();
    let mut add = |kind, name: &str, value: Value| {
        parts.insert((kind, renamed(name, addresses)), renamed_value(value, addresses));
    };
    for listener in &config.listeners {
        add(Kind::Listener, &listener.name, listener.write());
    }
    for cluster in &config.clusters {
        add(Kind::Cluster, &cluster.name, cluster.write());
    }
    for endpoints in &config.endpoints {
        add(Kind::Endpoints, &endpoints.cluster_name, endpoints.write());
    }
    for route in &config.routes {
        for host in &route.virtual_hosts {
            add(Kind::VirtualHost, &format!("{} of {}", host.name, route.name), host.write());
        }
        let mut value = route.write();
        if let Value::Object(fields) = &mut value {
            fields.remove("virtualHosts");
        }
        add(Kind::Route, &route.name, value);
    }
    parts
}

/// The keys of the parts that are not the same in both.
pub(super) fn changed(old: &Parts, new: &Parts) -> Vec<Key> {
    let mut keys: Vec<_> = old.keys().chain(new.keys()).filter(|key| old.get(key) != new.get(key)).cloned().collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

fn renamed_value(value: Value, addresses: &BTreeMap<&str, String>) -> Value {
    match value {
        Value::String(text) => Value::String(renamed(&text, addresses)),
        Value::Array(items) => items.into_iter().map(|item| renamed_value(item, addresses)).collect(),
        Value::Object(fields) => {
            let renamed = fields.into_iter().map(|(key, value)| {
                let mut value = renamed_value(value, addresses);
                // Endpoints come in the order of the files, which means nothing.
                if let (true, Value::Array(items)) = (key == "lbEndpoints", &mut value) {
                    items.sort_by_cached_key(Value::to_string);
                }
                (key, value)
            });
            renamed.collect()
        }
        other => other,
    }
}

/// Puts what an address is of in its place, whether it stands alone or in a name such as `10.96.1.1_5432`.
fn renamed(text: &str, addresses: &BTreeMap<&str, String>) -> String {
    let end = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(text.len());
    match addresses.get(&text[..end]) {
        Some(name) => format!("<{name}>{}", &text[end..]),
        None => text.to_owned(),
    }
}
