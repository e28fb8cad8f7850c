//! What istiod sends to one proxy.

use std::sync::Arc;

use serde_json::Value;

use super::cluster::Cluster;
use super::core::Node;
use super::endpoint::ClusterLoadAssignment;
use super::listener::Listener;
use super::message::{Json, Violation, emit_list, list, object};
use super::route::RouteConfiguration;
use super::sink::{Kind, Sink, Tree};

/// The resources that one proxy gets by LDS, RDS, CDS and EDS, and the node that asks for them. What other proxies get,
/// too, may be shared with them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Config {
    pub node: Option<Node>,
    pub listeners: Vec<Listener>,
    pub routes: Vec<Arc<RouteConfiguration>>,
    pub clusters: Vec<Arc<Cluster>>,
    pub endpoints: Vec<Arc<ClusterLoadAssignment>>,
}

impl Config {
    /// Reads what [`Config::to_value`] made. A field that Envoy does not have is an error; one that this crate has no
    /// type for is kept.
    pub fn from_value(value: &Value) -> Result<Self, Violation> {
        let mut config = Self::default();
        for (key, value) in object(value)? {
            match key.as_str() {
                "node" => Node::read(value).map(|node| config.node = Some(node)),
                "listeners" => list(value).map(|listeners| config.listeners = listeners),
                "routes" => list(value).map(|routes| config.routes = routes),
                "clusters" => list(value).map(|clusters| config.clusters = clusters),
                "endpoints" => list(value).map(|endpoints| config.endpoints = endpoints),
                _ => Err(Violation::new("is not `node`, `listeners`, `routes`, `clusters` or `endpoints`")),
            }
            .map_err(|error| error.under(key))?;
        }
        Ok(config)
    }

    /// The JSON object.
    pub fn to_value(&self) -> Value {
        let mut tree = Tree::default();
        self.emit(&mut tree);
        tree.finish()
    }

    /// Writes the JSON object, of which a large mesh's would take several times the memory of its text. Its lists are there
    /// even if they are empty.
    pub fn emit(&self, sink: &mut dyn Sink) {
        fn list<T: Json>(key: &str, items: &[T], sink: &mut dyn Sink) {
            sink.key(key);
            emit_list(items, sink);
        }
        sink.open(Kind::Object);
        if let Some(node) = &self.node {
            sink.key("node");
            node.emit(sink);
        }
        list("listeners", &self.listeners, sink);
        list("routes", &self.routes, sink);
        list("clusters", &self.clusters, sink);
        list("endpoints", &self.endpoints, sink);
        sink.close();
    }

    pub fn listener(&self, name: &str) -> Option<&Listener> {
        self.listeners.iter().find(|listener| listener.name == name)
    }

    pub fn route(&self, name: &str) -> Option<&RouteConfiguration> {
        self.routes.iter().map(Arc::as_ref).find(|route| route.name == name)
    }

    pub fn cluster(&self, name: &str) -> Option<&Cluster> {
        self.clusters.iter().map(Arc::as_ref).find(|cluster| cluster.name == name)
    }

    /// What EDS answers for a service name.
    pub fn load_assignment(&self, service_name: &str) -> Option<&ClusterLoadAssignment> {
        self.endpoints.iter().map(Arc::as_ref).find(|endpoints| endpoints.cluster_name == service_name)
    }
}
