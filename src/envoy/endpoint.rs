//! The endpoints of a cluster: `envoy.config.endpoint.v3`.

use super::core::{Address, HealthStatus, Locality, Metadata};

message! {
    pub struct ClusterLoadAssignment = "envoy.config.endpoint.v3.ClusterLoadAssignment" {
        cluster_name: String,
        endpoints: Vec<LocalityLbEndpoints>,
        policy: Option<Policy>,
    }
}

message! {
    pub struct Policy = "envoy.config.endpoint.v3.ClusterLoadAssignment.Policy" {
        overprovisioning_factor: Option<u32>,
    }
}

message! {
    pub struct LocalityLbEndpoints = "envoy.config.endpoint.v3.LocalityLbEndpoints" {
        locality: Option<Locality>,
        lb_endpoints: Vec<LbEndpoint>,
        load_balancing_weight: Option<u32>,
        priority: u32,
    }
}

message! {
    pub struct LbEndpoint = "envoy.config.endpoint.v3.LbEndpoint" {
        endpoint: Option<Endpoint>,
        health_status: HealthStatus,
        metadata: Option<Metadata>,
        load_balancing_weight: Option<u32>,
    }
}

message! {
    pub struct Endpoint = "envoy.config.endpoint.v3.Endpoint" {
        address: Option<Address>,
        hostname: String,
    }
}
