//! Which proxies to render for.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::cli::{Error, Fallible};
use crate::mesh::Mesh;
use crate::model::Labels;
use crate::source;
use crate::translate::{Interception, Locality, Proxy, ProxyKind, ProxySettings, PushContext};

/// A proxy as `--proxies` files and flags describe it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ProxySpec {
    pub key: String,
    #[serde(default)]
    pub name: String,
    pub r#type: ProxyType,
    pub namespace: String,
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    #[serde(default)]
    pub ip: String,
    #[serde(default)]
    pub service_account: String,
    /// `region/zone/subzone`
    #[serde(default)]
    pub locality: Option<String>,
    /// Of the node metadata: `NODE_NAME`, `INTERCEPTION_MODE`.
    #[serde(default)]
    pub meta: BTreeMap<String, serde_json::Value>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(super) enum ProxyType {
    Sidecar,
    Router,
}

/// Reads a file of proxies.
pub(super) fn read(path: &Path) -> Fallible<Vec<ProxySpec>> {
    let source = source::read(path).map_err(|error| Error::Usage(error.to_string()))?;
    serde_json::from_str(source.text())
        .map_err(|error| Error::Usage(format!("{}: not a list of proxies: {error}", path.display())))
}

impl ProxySpec {
    fn meta(&self, key: &str) -> Option<&str> {
        self.meta.get(key)?.as_str()
    }

    /// The proxy, with what its pod in the mesh tells in addition.
    pub fn proxy<'t>(&'t self, push: &'t PushContext<'t>, mesh: &'t Mesh<'t>) -> Proxy<'t> {
        let pod = push.pod(&self.namespace, &self.name, &self.ip);
        let annotations = pod.map(|pod| pod.annotations);
        let annotation = |key: &str| annotations.and_then(|annotations| annotations.text(key));
        let mut settings = ProxySettings::default();
        if let Some(config) = mesh.settings.config.as_ref().and_then(|config| config.default_config.as_ref()) {
            settings.overlay(config);
        }
        if let Some(text) = annotation("proxy.istio.io/config") {
            settings.overlay_annotation(text);
        }
        let interception = self.meta("INTERCEPTION_MODE").or_else(|| annotation("sidecar.istio.io/interceptionMode"));
        let node_name = self.meta("NODE_NAME").unwrap_or_default();
        let locality = match self.locality.as_deref() {
            Some(text) => Locality::parse_path(text),
            None => push.locality(pod, node_name),
        };
        Proxy {
            kind: match self.r#type {
                ProxyType::Sidecar => ProxyKind::Sidecar,
                ProxyType::Router => ProxyKind::Router,
            },
            name: &self.name,
            namespace: &self.namespace,
            labels: Labels::of_texts(self.labels.iter().map(|(key, value)| (key.as_str(), value.as_str()))),
            ip: if self.ip.is_empty() { "127.0.0.1" } else { &self.ip },
            service_account: &self.service_account,
            locality,
            node_name,
            interception: interception.map_or(Interception::default(), Interception::parse),
            settings,
        }
    }
}
