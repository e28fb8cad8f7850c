//! What the proxies of the meshes in `testdata/translate/clusters` get, as `NAME.snap` beside them: of all that have the
//! label `app: client` and of gateways. A document without a kind is the MeshConfig. What every cluster has is left out.

use serde_json::{Map, Value, json};

use crate::envoy::Json;
use crate::mesh::Mesh;
use crate::mesh::testing::with_mesh;
use crate::translate::testing::snapshots;
use crate::translate::{ProxyKind, PushContext, Translator};

#[test]
fn services_become_clusters_and_endpoints() {
    snapshots("clusters", 7, |_, text| serde_yaml::to_string(&with_mesh(text, configs)).unwrap());
}

fn configs(mesh: &Mesh<'_>) -> Value {
    let push = PushContext::new(mesh);
    let translator = Translator::new(&push);
    let mut specs = push.proxies();
    specs.retain(|spec| spec.r#type == ProxyKind::Router || spec.labels.get("app").is_some_and(|app| app == "client"));
    let configs = specs.iter().map(|spec| {
        let config = translator.config(&spec.proxy(&push));
        let clusters: Vec<_> = config.clusters.iter().map(|cluster| brief(cluster.write())).collect();
        let endpoints: Vec<_> = config.endpoints.iter().map(|endpoints| brief(endpoints.write())).collect();
        (spec.name.clone(), json!({"clusters": clusters, "endpoints": endpoints}))
    });
    Value::Object(configs.collect())
}

/// Without what most clusters and endpoints have.
fn brief(value: Value) -> Value {
    let Value::Object(object) = value else { return value };
    let name = object.get("name").and_then(Value::as_str).map(|name| format!("{name};"));
    let is_usual = |key: &str, value: &Value| match key {
        "filters" | "edsClusterConfig" | "sdsConfig" | "tlsParams" | "typedDnsResolverConfig" => true,
        "connectTimeout" => value == "10s",
        "altStatName" => value.as_str() == name.as_deref(),
        "maxConnections" | "maxPendingRequests" | "maxRequests" | "maxRetries" => value == u32::MAX,
        "healthyPanicThreshold" => *value == json!({}),
        "@type" | "dnsRefreshRate" | "dnsJitter" | "respectDnsTtl" | "cleanupInterval" => true,
        _ => false,
    };
    let kept = object.iter().filter(|(key, value)| !is_usual(key, value));
    let shortened = kept.map(|(key, value)| {
        let value = match value {
            Value::Array(items) => items.iter().cloned().map(brief).filter(|item| *item != json!({})).collect(),
            other => brief(other.clone()),
        };
        (key.clone(), value)
    });
    let is_empty = |(key, value): &(String, Value)| {
        matches!(key.as_str(), "circuitBreakers" | "thresholds") && (*value == json!({}) || *value == json!([]))
    };
    Value::Object(shortened.filter(|entry| !is_empty(entry)).collect::<Map<_, _>>())
}
