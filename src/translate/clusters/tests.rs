//! What the proxies of the meshes in `testdata/translate/clusters` get, as `NAME.snap` beside them: of all that have the
//! label `app: client` and of gateways. A document without a kind is the MeshConfig. What every cluster has is left out.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::envoy::Json;
use crate::mesh::{Mesh, Options, Settings};
use crate::model::{Resources, kind_of, objects};
use crate::source::SourceId;
use crate::translate::{ProxyKind, PushContext, Translator};
use crate::yaml;

#[test]
fn services_become_clusters_and_endpoints() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/translate/clusters");
    let mut paths: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    paths.sort();
    assert!(paths.len() > 6);
    insta::with_settings!({
        snapshot_path => &folder,
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, {
        for path in paths {
            let configs = serde_yaml::to_string(&configs(&fs::read_to_string(&path).unwrap())).unwrap();
            insta::assert_snapshot!(path.file_stem().unwrap().to_str().unwrap(), configs);
        }
    });
}

fn configs(text: &str) -> Value {
    let (tree, problems) = yaml::parse(SourceId(0), text);
    assert!(problems.is_empty(), "{problems:?}");
    let mut resources = Resources::default();
    for object in tree.roots().flat_map(objects) {
        resources.add(object, "default");
    }
    let options = Options::default();
    let mesh_config = tree.roots().find(|root| kind_of(*root).is_none());
    let mesh = Mesh::new(&resources, Settings::new(&options, mesh_config));
    let push = PushContext::new(&mesh);
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
