//! What is made of the files in `testdata/translate`, with what is expected beside them as `NAME.snap`: in `routes` the
//! route configurations of sidecars, in `gateway` and `gateway_api` also the listeners of gateways. The proxies are those of the pods, and a
//! document without a kind is the MeshConfig.

use serde_json::{Value, json};

use super::testing::snapshots;
use super::{ProxyKind, PushContext, Translator};
use crate::envoy::Json;
use crate::envoy::listener::Listener;
use crate::mesh::Mesh;
use crate::mesh::testing::with_mesh;
use crate::model::Texts;

#[test]
fn virtual_services_become_routes() {
    kinds("routes", 6, |_| ProxyKind::Sidecar);
}

#[test]
fn gateways_become_listeners_and_routes() {
    kinds("gateway", 6, |_| ProxyKind::Router);
}

#[test]
fn objects_of_the_gateway_api_become_those_of_istio() {
    kinds("gateway_api", 3, |file| if file == "mesh" { ProxyKind::Sidecar } else { ProxyKind::Router });
}

fn kinds(folder: &str, at_least: usize, kind: impl Fn(&str) -> ProxyKind) {
    snapshots(folder, at_least, |name, text| {
        serde_yaml::to_string(&with_mesh(text, |mesh| made(mesh, kind(name)))).unwrap()
    });
}

/// For each proxy of a kind.
fn made(mesh: &Mesh<'_>, kind: ProxyKind) -> Value {
    let texts = Texts::default();
    let resources = mesh.istio_objects(&texts.writer()).with_others(mesh.resources);
    let mesh = Mesh::new(&resources, mesh.settings.clone());
    let push = PushContext::new(&mesh);
    let translator = Translator::new(&push);
    let specs = push.proxies();
    let made = specs.iter().filter(|spec| spec.r#type == kind).map(|spec| {
        let config = translator.config(&spec.proxy(&push));
        let mut made =
            json!({ "routes": config.routes.iter().map(|routes| short(routes.write())).collect::<Vec<_>>() });
        if kind == ProxyKind::Router {
            made["listeners"] = config.listeners.iter().map(listener).collect();
        }
        (spec.key.clone(), made)
    });
    made.collect()
}

/// Without what every route of a VirtualService has unless the file is about it.
fn short(mut routes: Value) -> Value {
    let default_retries = json!({
        "retryOn": "connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes",
        "numRetries": 2,
        "retryHostPredicate": [{
            "name": "envoy.retry_host_predicates.previous_hosts",
            "typedConfig": {
                "@type": "type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate",
            },
        }],
        "hostSelectionRetryMaxAttempts": "5",
    });
    remove(&mut routes, &|key, value| match key {
        "retryPolicy" => *value == default_retries,
        "timeout" | "maxGrpcTimeout" => value == "0s",
        "includeRequestAttemptCount" | "validateClusters" | "ignorePortInHostMatching" => true,
        "maxDirectResponseBodySizeBytes" | "metadata" => true,
        _ => false,
    });
    routes
}

/// A listener, without what is the same for most.
fn listener(listener: &Listener) -> Value {
    let mut value = listener.write();
    for chain in value["filterChains"].as_array_mut().into_iter().flatten() {
        for filter in chain["filters"].as_array_mut().into_iter().flatten() {
            if filter["typedConfig"]["rds"].is_object() {
                *filter = manager(filter["typedConfig"].take());
            }
        }
    }
    remove(&mut value, &|key, _| {
        matches!(key, "transportSocketConnectTimeout" | "maxConnectionsToAcceptPerSocketEvent" | "trafficDirection")
    });
    value
}

/// What differs from connection manager to connection manager.
fn manager(mut manager: Value) -> Value {
    let fields = manager.as_object_mut().unwrap();
    let own = |key: &str| {
        ["statPrefix", "xffNumTrustedHops", "mergeSlashes", "forwardClientCertDetails"].contains(&key)
            || key.ends_with("ProtocolOptions")
            || key.ends_with("Timeout")
    };
    let routes = fields["rds"]["routeConfigName"].take();
    let usual = |value: &Value| [json!({}), json!("0s"), json!("SANITIZE_SET")].contains(value);
    fields.retain(|key, value| own(key) && !usual(value));
    fields.insert("routes".to_owned(), routes);
    manager
}

fn remove(value: &mut Value, is_removed: &dyn Fn(&str, &Value) -> bool) {
    match value {
        Value::Object(fields) => {
            fields.retain(|key, value| !is_removed(key, value));
            fields.values_mut().for_each(|value| remove(value, is_removed));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| remove(item, is_removed)),
        _ => {}
    }
}
