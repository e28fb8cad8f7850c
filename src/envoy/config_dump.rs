//! The configuration in the form of Envoy's admin interface, `/config_dump?include_eds`, which
//! `istioctl proxy-config --file` reads.

use std::sync::Arc;

use serde_json::{Value, json};

use super::bootstrap::Bootstrap;
use super::config::Config;
use super::core::{DataSource, Node};
use super::listener::Listener;
use super::message::{Json, Message, Violation, object};
use super::scalar::Bytes;
use super::sink::{Kind, Scalar, Sink, Tree};
use super::tls::{Secret, SecretKind};

const PREFIX: &str = "type.googleapis.com/";

/// What Envoy writes in place of a private key.
const REDACTED: &str = "[redacted]";

/// The dump of an Envoy that got the configuration from istiod, in Envoy's order. With a bootstrap, it begins with that, and
/// ends with its secrets, without their keys. What Envoy adds of its own, versions and times, is not there.
pub fn to_config_dump(config: &Config, bootstrap: Option<&Bootstrap>) -> Value {
    let mut configs = Vec::new();
    if let Some(bootstrap) = bootstrap {
        configs.push(section("Bootstrap", "bootstrap", without_keys(bootstrap.clone()).write()));
    }
    let clusters = config.clusters.iter().map(|cluster| json!({"cluster": any(cluster.as_ref())})).collect();
    configs.push(section("Clusters", "dynamicActiveClusters", clusters));
    let endpoints =
        config.endpoints.iter().map(|endpoints| json!({"endpointConfig": any(endpoints.as_ref())})).collect();
    configs.push(section("Endpoints", "dynamicEndpointConfigs", endpoints));
    let listener = |listener: &Listener| json!({"name": listener.name, "activeState": {"listener": any(listener)}});
    configs.push(section("Listeners", "dynamicListeners", config.listeners.iter().map(listener).collect()));
    let routes = config.routes.iter().map(|routes| json!({"routeConfig": any(routes)})).collect();
    configs.push(section("Routes", "dynamicRouteConfigs", routes));
    if let Some(resources) = bootstrap.and_then(|bootstrap| bootstrap.static_resources.as_ref()) {
        let secret = |secret: &Secret| json!({"name": secret.name, "secret": any(&without_key(secret.clone()))});
        configs.push(section("Secrets", "dynamicActiveSecrets", resources.secrets.iter().map(secret).collect()));
    }
    json!({ "configs": configs })
}

fn section(name: &str, list: &str, content: Value) -> Value {
    json!({"@type": format!("{PREFIX}envoy.admin.v3.{name}ConfigDump"), list: content})
}

fn any<T: Message>(message: &T) -> Value {
    let mut tree = Tree::default();
    tree.open(Kind::Object);
    tree.key("@type");
    tree.scalar(Scalar::Text(&format!("{PREFIX}{}", T::TYPE)));
    message.emit_fields(&mut tree);
    tree.close();
    tree.finish()
}

fn without_keys(mut bootstrap: Bootstrap) -> Bootstrap {
    if let Some(resources) = &mut bootstrap.static_resources {
        resources.secrets = resources.secrets.drain(..).map(without_key).collect();
    }
    bootstrap
}

/// Certificates as bytes, which is how istiod sends them and the only form that `istioctl` looks into.
fn without_key(mut secret: Secret) -> Secret {
    match &mut secret.kind {
        Some(SecretKind::TlsCertificate(certificate)) => {
            certificate.certificate_chain = certificate.certificate_chain.take().map(as_bytes);
            certificate.private_key = Some(as_bytes(DataSource::InlineString(REDACTED.to_owned())));
        }
        Some(SecretKind::ValidationContext(context)) => context.trusted_ca = context.trusted_ca.take().map(as_bytes),
        None => {}
    }
    secret
}

fn as_bytes(source: DataSource) -> DataSource {
    match source {
        DataSource::InlineString(text) => DataSource::InlineBytes(Bytes(text.into_bytes())),
        other => other,
    }
}

/// The configuration in a dump, also one of a running Envoy (`/config_dump?include_eds`): what is in force, be it static
/// or not. Sections that hold nothing of a [`Config`] are not looked at.
pub fn from_config_dump(dump: &Value) -> Result<Config, Violation> {
    let mut config = Config::default();
    let sections = member(dump, "configs").and_then(Value::as_array).ok_or_else(|| Violation::expected("`configs`"))?;
    for (index, section) in sections.iter().enumerate() {
        read_section(section, &mut config).map_err(|error| error.under(index).under("configs"))?;
    }
    Ok(config)
}

fn read_section(section: &Value, config: &mut Config) -> Result<(), Violation> {
    let message_type = section["@type"].as_str().unwrap_or_default();
    match message_type.rsplit('.').next().unwrap_or_default() {
        "BootstrapConfigDump" => {
            let node = member(section, "bootstrap").and_then(|bootstrap| member(bootstrap, "node"));
            config.node = node.map(Node::read).transpose()?;
        }
        "ClustersConfigDump" => {
            config.clusters = shared(resources(section, ["static_clusters", "dynamic_active_clusters"], &["cluster"])?);
        }
        "EndpointsConfigDump" => {
            let lists = ["static_endpoint_configs", "dynamic_endpoint_configs"];
            config.endpoints = shared(resources(section, lists, &["endpoint_config"])?);
        }
        "ListenersConfigDump" => {
            config.listeners = resources(section, ["static_listeners"], &["listener"])?;
            config.listeners.extend(resources(section, ["dynamic_listeners"], &["active_state", "listener"])?);
        }
        "RoutesConfigDump" => {
            let lists = ["static_route_configs", "dynamic_route_configs"];
            config.routes = shared(resources(section, lists, &["route_config"])?);
        }
        _ => {}
    }
    Ok(())
}

fn shared<T>(resources: Vec<T>) -> Vec<Arc<T>> {
    resources.into_iter().map(Arc::new).collect()
}

/// The resources in some lists of a section, each at the end of a way into the item.
fn resources<T: Message, const N: usize>(section: &Value, lists: [&str; N], way: &[&str]) -> Result<Vec<T>, Violation> {
    let mut found = Vec::new();
    for list in lists {
        for (index, item) in member(section, list).and_then(Value::as_array).into_iter().flatten().enumerate() {
            let Some(resource) = way.iter().try_fold(item, |value, name| member(value, name)) else { continue };
            let mut entries = object(resource)?.iter().filter(|(key, _)| *key != "@type");
            found.push(T::read_entries(&mut entries).map_err(|error| error.under(index).under(list))?);
        }
    }
    Ok(found)
}

/// A field by its protobuf name, which Envoy writes, or its JSON name, which `istioctl` writes.
fn member<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    let is_name = |key: &str| key == name || key.eq_ignore_ascii_case(&name.replace('_', ""));
    value.as_object()?.iter().find(|(key, _)| is_name(key)).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envoy::bootstrap::{Options, TestAuthority, bootstrap};
    use crate::envoy::check;

    fn config() -> Config {
        let sds = json!({"name": "default", "sdsConfig": {"ads": {}}});
        let tls = json!({"name": "tls", "typedConfig": {
            "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
            "commonTlsContext": {"tlsCertificateSdsSecretConfigs": [sds]},
        }});
        Config::from_value(&json!({
            "node": {"id": "n"},
            "listeners": [{"name": "l", "filterChains": [{}]}],
            "routes": [{"name": "r"}],
            "clusters": [{"name": "c", "transportSocket": tls}],
            "endpoints": [{"clusterName": "c"}],
        }))
        .unwrap()
    }

    #[test]
    fn a_dump_is_one_of_envoy_and_reads_back() {
        let config = config();
        let authority = TestAuthority::generate();
        let (bootstrap, _) = bootstrap(&config, &Options::new(&authority));
        let dump = to_config_dump(&config, Some(&bootstrap));
        assert_eq!(check("envoy.admin.v3.ConfigDump", &dump), []);
        assert_eq!(from_config_dump(&dump), Ok(config));
        let secret = &dump["configs"][5]["dynamicActiveSecrets"][0]["secret"]["tlsCertificate"];
        assert_eq!(secret["privateKey"], json!({"inlineBytes": "W3JlZGFjdGVkXQ=="}));
        assert!(secret["certificateChain"]["inlineBytes"].is_string());
    }

    #[test]
    fn dumps_of_envoy_itself_are_read() {
        let dump = json!({"configs": [
            {"@type": "type.googleapis.com/envoy.admin.v3.BootstrapConfigDump", "bootstrap": {"node": {"id": "n"}}},
            {
                "@type": "type.googleapis.com/envoy.admin.v3.ListenersConfigDump",
                "static_listeners": [{"listener": {"@type": "t/envoy.config.listener.v3.Listener", "name": "s"}}],
                "dynamic_listeners": [
                    {"name": "d", "active_state": {"version_info": "1", "listener": {"name": "d", "bind_to_port": false}}},
                    {"name": "w", "warming_state": {"listener": {"name": "w"}}},
                ],
            },
            {"@type": "type.googleapis.com/envoy.admin.v3.ScopedRoutesConfigDump"},
        ]});
        let config = from_config_dump(&dump).unwrap();
        assert_eq!(config.listeners.iter().map(|listener| &listener.name).collect::<Vec<_>>(), ["s", "d"]);
        assert_eq!(config.node.unwrap().id, "n");
        let wrong =
            json!({"configs": [{"@type": "ClustersConfigDump", "static_clusters": [{"cluster": {"nam": "a"}}]}]});
        assert_eq!(
            from_config_dump(&wrong).unwrap_err().to_string(),
            "`configs[0].static_clusters[0].nam`: `envoy.config.cluster.v3.Cluster` has no such field"
        );
    }
}
