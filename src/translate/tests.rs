//! What is made of the files in `testdata/translate`, with what is expected beside them as `NAME.snap`: in `routes` the
//! route configurations of sidecars, in `gateway` and `gateway_api` also the listeners of gateways. The proxies are those of the pods, and a
//! document without a kind is the MeshConfig.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::{ProxyKind, PushContext, Translator};
use crate::envoy::Json;
use crate::envoy::listener::Listener;
use crate::mesh::{Mesh, Options, Settings};
use crate::model::{Resources, Texts, kind_of, objects};
use crate::source::SourceId;
use crate::yaml;

#[test]
fn virtual_services_become_routes() {
    snapshots("routes", 6, |_| ProxyKind::Sidecar);
}

#[test]
fn gateways_become_listeners_and_routes() {
    snapshots("gateway", 6, |_| ProxyKind::Router);
}

#[test]
fn objects_of_the_gateway_api_become_those_of_istio() {
    snapshots("gateway_api", 3, |file| if file == "mesh" { ProxyKind::Sidecar } else { ProxyKind::Router });
}

fn snapshots(folder: &str, at_least: usize, kind: impl Fn(&str) -> ProxyKind) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/translate").join(folder);
    let mut paths: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    paths.sort();
    assert!(paths.len() >= at_least);
    insta::with_settings!({
        snapshot_path => &folder,
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, {
        for path in paths {
            let name = path.file_stem().unwrap().to_str().unwrap();
            let made = made(&fs::read_to_string(&path).unwrap(), kind(name));
            insta::assert_snapshot!(name, serde_yaml::to_string(&made).unwrap());
        }
    });
}

/// For each proxy of a kind.
fn made(text: &str, kind: ProxyKind) -> Value {
    let (tree, problems) = yaml::parse(SourceId(0), text);
    assert!(problems.is_empty(), "{problems:?}");
    let mut resources = Resources::default();
    for object in tree.roots().flat_map(objects) {
        resources.add(object, "default");
    }
    let options = Options::default();
    let mesh_config = tree.roots().find(|root| kind_of(*root).is_none());
    let settings = Settings::new(&options, mesh_config);
    let texts = Texts::default();
    let resources = Mesh::new(&resources, settings.clone()).istio_objects(&texts.writer()).with_others(&resources);
    let mesh = Mesh::new(&resources, settings);
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
