//! What statistics and filters of Istio want to know of a cluster (istio 1.31
//! `pilot/pkg/networking/core/cluster_builder.go`, `addTelemetryMetadata`).

use serde_json::{Value, json};

use crate::envoy::Object;
use crate::envoy::cluster::Filter;
use crate::envoy::core::Metadata;
use crate::envoy::istio::TypedStruct;
use crate::mesh::MergedRule;
use crate::translate::push::Service;

/// `filter_metadata.istio`, in the making.
#[derive(Default)]
pub(super) struct IstioMetadata(Object);

impl IstioMetadata {
    pub fn services<'s>(&mut self, services: impl Iterator<Item = &'s Service<'s>>) {
        let entry = |service: &Service<'_>| json!({"host": service.host(), "name": service.name, "namespace": service.namespace()});
        self.put("services", services.map(entry).collect());
    }

    pub fn rule(&mut self, rule: &MergedRule<'_>) {
        if let Some(object) = rule.rules.first() {
            let (namespace, name) = (object.meta.namespace, object.meta.name.value);
            let path = format!("/apis/networking.istio.io/v1/namespaces/{namespace}/destination-rule/{name}");
            self.put("config", path.into());
        }
    }

    pub fn put(&mut self, key: &str, value: Value) {
        self.0.insert(key.to_owned(), value);
    }

    pub fn finish(self) -> Option<Metadata> {
        let entries = [("istio".to_owned(), self.0)];
        (!entries[0].1.is_empty()).then(|| Metadata { filter_metadata: entries.into(), ..Default::default() })
    }
}

/// The filter by which proxies tell each other who they are.
pub(super) fn exchange() -> Filter {
    let config = TypedStruct {
        type_url: "type.googleapis.com/envoy.tcp.metadataexchange.config.MetadataExchange".to_owned(),
        value: json!({"protocol": "istio-peer-exchange", "enable_discovery": true}).as_object().cloned(),
        ..Default::default()
    };
    Filter::new("istio.metadata_exchange", config)
}
