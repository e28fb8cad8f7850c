//! What istiod sends to one proxy.

use std::sync::Arc;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

use super::cluster::Cluster;
use super::core::Node;
use super::endpoint::ClusterLoadAssignment;
use super::listener::Listener;
use super::message::{Json, Object, Violation, list, object};
use super::route::RouteConfiguration;

/// The resources that one proxy gets by LDS, RDS, CDS and EDS, and the node that asks for them. What other proxies get,
/// too, may be shared with them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Config {
    pub node: Option<Node>,
    pub listeners: Vec<Listener>,
    pub routes: Vec<RouteConfiguration>,
    pub clusters: Vec<Arc<Cluster>>,
    pub endpoints: Vec<Arc<ClusterLoadAssignment>>,
}

/// The same as [`Config::to_value`], but a resource at a time: of a large mesh the whole value takes several times the
/// memory of its text.
impl Serialize for Config {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(node) = &self.node {
            map.serialize_entry("node", &node.write())?;
        }
        map.serialize_entry("listeners", &Items(&self.listeners))?;
        map.serialize_entry("routes", &Items(&self.routes))?;
        map.serialize_entry("clusters", &Items(&self.clusters))?;
        map.serialize_entry("endpoints", &Items(&self.endpoints))?;
        map.end()
    }
}

struct Items<'i, T>(&'i [T]);

impl<T: Json> Serialize for Items<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(T::write))
    }
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

    /// The JSON object. Its lists are there even if they are empty.
    pub fn to_value(&self) -> Value {
        fn list<T: Json>(items: &[T]) -> Value {
            items.iter().map(T::write).collect()
        }
        let mut object = Object::new();
        if let Some(node) = &self.node {
            object.insert("node".to_owned(), node.write());
        }
        object.insert("listeners".to_owned(), list(&self.listeners));
        object.insert("routes".to_owned(), list(&self.routes));
        object.insert("clusters".to_owned(), list(&self.clusters));
        object.insert("endpoints".to_owned(), list(&self.endpoints));
        Value::Object(object)
    }

    pub fn listener(&self, name: &str) -> Option<&Listener> {
        self.listeners.iter().find(|listener| listener.name == name)
    }

    pub fn route(&self, name: &str) -> Option<&RouteConfiguration> {
        self.routes.iter().find(|route| route.name == name)
    }

    pub fn cluster(&self, name: &str) -> Option<&Cluster> {
        self.clusters.iter().map(Arc::as_ref).find(|cluster| cluster.name == name)
    }

    /// What EDS answers for a service name.
    pub fn load_assignment(&self, service_name: &str) -> Option<&ClusterLoadAssignment> {
        self.endpoints.iter().map(Arc::as_ref).find(|endpoints| endpoints.cluster_name == service_name)
    }
}
