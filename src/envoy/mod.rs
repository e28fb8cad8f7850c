//! Envoy's configuration as values: what `render` prints and what the test proxy runs.
//!
//! The types are Envoy's protobuf messages, reduced to the fields that istiod sets and the proxy reads. A module here is
//! a package there; fields have their protobuf names. [`Config`] is everything for one proxy.
//!
//! A message is built as a struct literal that ends in `..Default::default()`; what is left out there is left out of
//! the output. How types become protobuf JSON is said in [`message`].
//!
//! ```
//! use meshlint::envoy::Json;
//! use meshlint::envoy::cluster::{Cluster, Discovery, DiscoveryType, LbPolicy};
//! use std::time::Duration;
//!
//! let cluster = Cluster {
//!     name: "BlackHoleCluster".to_owned(),
//!     discovery: Some(Discovery::Type(DiscoveryType::Static)),
//!     connect_timeout: Some(Duration::from_secs(10)),
//!     lb_policy: LbPolicy::RoundRobin,
//!     ..Default::default()
//! };
//! assert_eq!(
//!     cluster.write().to_string(),
//!     r#"{"name":"BlackHoleCluster","type":"STATIC","connectTimeout":"10s"}"#
//! );
//! ```

#[macro_use]
pub mod message;

pub mod access_log;
pub mod any;
#[cfg(test)]
mod audit;
mod binary;
pub mod bootstrap;
mod check;
pub mod cluster;
mod config;
mod config_dump;
pub mod core;
mod descriptor;
pub mod endpoint;
pub mod ext_authz;
mod format_string;
pub mod health_check;
pub mod http_connection_manager;
pub mod http_filter;
pub mod istio;
pub mod jwt;
pub mod listener;
pub mod matcher;
mod merge;
pub mod network_filter;
pub mod protocol;
pub mod rbac;
mod refusal;
pub mod route;
pub mod scalar;
pub mod sink;
pub mod stateful_session;
pub mod tls;
pub mod tracing;
mod untyped;
mod yaml;

/// Frees what reading and checking learned of Envoy's types, many megabytes; it is learned again when it is needed.
pub fn forget_types() {
    check::forget();
    descriptor::forget();
}

pub use any::Any;
pub use binary::{from_binary, to_binary};
pub use bootstrap::bootstrap;
pub use check::check;
pub use config::Config;
pub use config_dump::{from_config_dump, to_config_dump};
pub use merge::{Lists, merge, normalize};
pub use message::{Json, Message, Object, Segment, Violation, ViolationKind};
pub use refusal::{Refusal, ResourceKind, accepted};
pub use untyped::untyped_fields;
pub use yaml::{to_yaml, value_of};
