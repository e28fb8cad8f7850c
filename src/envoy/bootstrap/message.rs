//! What Envoy is started with: `envoy.config.bootstrap.v3`.

use crate::envoy::cluster::Cluster;
use crate::envoy::core::{Address, Node};
use crate::envoy::listener::Listener;
use crate::envoy::message::Object;
use crate::envoy::tls::Secret;

message! {
    pub struct Bootstrap = "envoy.config.bootstrap.v3.Bootstrap" {
        node: Option<Node>,
        static_resources: Option<StaticResources>,
        layered_runtime: Option<LayeredRuntime>,
        admin: Option<Admin>,
    }
}

message! {
    pub struct StaticResources = "envoy.config.bootstrap.v3.Bootstrap.StaticResources" {
        listeners: Vec<Listener>,
        clusters: Vec<Cluster>,
        secrets: Vec<Secret>,
    }
}

message! {
    pub struct Admin = "envoy.config.bootstrap.v3.Admin" {
        address: Option<Address>,
    }
}

message! {
    pub struct LayeredRuntime = "envoy.config.bootstrap.v3.LayeredRuntime" {
        layers: Vec<RuntimeLayer>,
    }
}

message! {
    pub struct RuntimeLayer = "envoy.config.bootstrap.v3.RuntimeLayer" {
        name: String,
        static_layer: Option<Object>,
    }
}
