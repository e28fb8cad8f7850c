//! The rules: what each asks of the mesh, and the page that explains it.
//!
//! A rule is three edits: its page `rules/<id>.md`, its file `src/rules/<category>/<id>.rs` with a function `check`, and its
//! row in the list of the category. The page is what `explain` prints; its examples are tests.

mod catalog;
mod check;
mod page;
mod peers;
mod report;
mod words;

mod ambient;
mod authentication;
mod authorization;
mod certificates;
mod delegates;
mod envoy;
mod envoy_filters;
mod gateway_api;
mod gateways;
mod hosts;
mod input;
mod kubernetes;
mod mtls;
mod routes;
mod schema;
mod services;
mod sidecars;
mod style;
mod subsets;
mod telemetry;
mod traffic_policy;
mod validation;
mod weights;

pub use catalog::{Rule, all, called, find, named, nearest_name, page, pages};
pub use check::{Check, check};
pub use page::Page;
pub use peers::{Coverage, Peer, peers};
pub use report::{Draft, Report};
