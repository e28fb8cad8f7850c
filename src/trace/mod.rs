//! What a proxy does with a request, and why: the configuration that `render` prints, executed.
//!
//! [`Tracer`] takes a [`Config`](crate::envoy::Config) and gives a [`Decision`] for each [`Call`]. It is a pure function:
//! where Envoy throws dice, all sides are reported with their shares. The rules are Envoy's, version 1.40; what Istio's
//! own tests of configurations take for granted (istio 1.31 `pilot/pkg/simulation/traffic.go`) is followed for how
//! connections get to listeners.
//!
//! ```
//! use meshlint::envoy::Config;
//! use meshlint::trace::{Call, Connection, Outcome, Request, Tracer, Way};
//!
//! let config = serde_json::json!({
//!     "listeners": [{
//!         "name": "0.0.0.0_80",
//!         "address": {"socketAddress": {"address": "0.0.0.0", "portValue": 80}},
//!         "filterChains": [{"filters": [{
//!             "name": "http",
//!             "typedConfig": {
//!                 "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
//!                 "rds": {"routeConfigName": "80"},
//!                 "httpFilters": [{
//!                     "name": "router",
//!                     "typedConfig": {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"},
//!                 }],
//!             },
//!         }]}],
//!     }],
//!     "routes": [{"name": "80", "virtualHosts": [{"name": "web", "domains": ["web"], "routes": [
//!         {"match": {"path": "/teapot"}, "directResponse": {"status": 418}},
//!     ]}]}],
//! });
//! let tracer = Tracer::new(Config::from_value(&config).unwrap());
//! let connection =
//!     Connection { destination: "10.96.0.1:80".parse().unwrap(), source: "10.0.0.1".parse().unwrap(), tls: None };
//! let call = |path| Call { connection: connection.clone(), request: Some(Request::get("web", path)) };
//! let status = |path| match tracer.decide(call(path), Way::Outbound).outcome {
//!     Outcome::Answer(answer) => answer.status,
//!     other => panic!("{other:?}"),
//! };
//! assert_eq!(status("/teapot"), 418);
//! assert_eq!(status("/"), 404);
//! ```

mod answer;
mod arrival;
mod call;
mod decision;
mod effect;
pub mod fields;
mod filters;
mod jwt;
mod listener;
mod matching;
pub mod mutation;
mod path;
mod rbac;
mod route_table;
mod router;
mod taken;
mod template;
mod tracer;
mod upstream;
mod walk;

pub use answer::{ALL, Abort, Answer, By, Cors, Fault, Message, change, parts_of_a_million, rewrite_host};
pub use arrival::forwarded;
pub use call::{Call, ClientTls, Connection, Headers, Request, Version};
pub use decision::{
    ChainChoice, Closed, Decision, External, Forward, Outcome, Policies, Routing, Step, Target, Verdicts,
    timeout as route_timeout,
};
pub use effect::effects;
pub use filters::{Chain, External as AuthorizationService, Http, NetworkStep, ServerTls};
pub use jwt::{AbsentKeys, Authentication, KeyPlace, TokenVerdict};
pub use listener::{Inspected, Inspectors, describe};
pub use matching::{HeaderTest, Metadata, TextTest};
pub use path::port_of;
pub use rbac::{NamedPolicy, Rules, Verdict};
pub use route_table::RouteTable;
pub use router::{HostChoice, Router, Tried};
pub use taken::{Changes, Choice, Taken};
pub use tracer::{Tracer, Way};
pub use upstream::{Upstream, version};
pub use walk::{Stop, Walk};
