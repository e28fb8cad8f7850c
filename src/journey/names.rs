//! Proxies by the names that people give them.

use crate::finding::nearest;
use crate::translate::{ProxyKind, ProxySpec, PushContext};

/// By its key, by `namespace/name` of the pod or of what runs it, with or without the namespace. The error says what there
/// is.
pub fn one_of(all: &[ProxySpec], name: &str, namespace: &str, what: &str) -> Result<ProxySpec, String> {
    let full = if name.contains('/') { name.to_owned() } else { format!("{namespace}/{name}") };
    let is_named = |spec: &&ProxySpec| {
        let workload = spec.workload.split('/').nth(1).unwrap_or_default();
        spec.key == name || [&spec.name, workload].iter().any(|own| full == format!("{}/{own}", spec.namespace))
    };
    let found = all.iter().find(is_named).cloned();
    found.ok_or_else(|| unknown(what, name, &full, all.iter().map(|spec| spec.key.as_str())))
}

/// The proxy that serves a Gateway, or a gateway workload of the name.
pub fn of_gateway(push: &PushContext<'_>, all: &[ProxySpec], name: &str, namespace: &str) -> Result<ProxySpec, String> {
    let (own, short) = name.split_once('/').unwrap_or((namespace, name));
    let is_router = |spec: &&ProxySpec| spec.r#type == ProxyKind::Router;
    if let Some(selector) = push.gateway_selector(own, short) {
        let serves = |spec: &&ProxySpec| selector.iter().all(|(key, value)| spec.labels.get(key) == Some(value));
        if let Some(found) = all.iter().filter(is_router).find(serves) {
            return Ok(found.clone());
        }
    }
    let routers: Vec<_> = all.iter().filter(is_router).cloned().collect();
    let gateways = push.gateway_names();
    one_of(&routers, name, namespace, "gateway")
        .map_err(|_| unknown("gateway", name, &format!("{own}/{short}"), gateways.iter().map(String::as_str)))
}

/// `full` has the namespace that `name` may leave out.
fn unknown<'a>(what: &str, name: &str, full: &str, known: impl Iterator<Item = &'a str>) -> String {
    let known: Vec<_> = known.collect();
    let help = match (nearest(full, known.iter().copied()), known.as_slice()) {
        (Some(near), _) => format!("did you mean `{near}`?"),
        (None, []) => "the files have none".to_owned(),
        (None, known) => {
            let shown: Vec<_> = known.iter().take(5).map(|name| format!("`{name}`")).collect();
            let more = if known.len() > 5 { ", …" } else { "" };
            format!("there are {}{more}", shown.join(", "))
        }
    };
    format!("no {what} `{name}`: {help}")
}
