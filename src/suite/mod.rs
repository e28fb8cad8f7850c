//! Tests of routes and policies: files of cases, each a request and what should become of it, run over the configuration
//! that the proxies of a mesh get.
//!
//! Three formats are read, told apart by their content: our own (`schemas/test.json`), that of getyourguide's
//! istio-config-validator (`testCases`), and that of Envoy's router_check_tool (`test/tools/router_check/validation.proto`
//! of Envoy 1.40). All become [`Case`]s; what a case sees comes from [`journey`](crate::journey), so that `test`, `trace`
//! and `render` cannot disagree.

mod case;
mod coverage;
mod destination;
mod entrance;
mod expectation;
mod live;
mod observed;
mod own;
mod reader;
mod router_check;
mod rule;
mod run;
mod same;
mod stand_ins;
#[cfg(test)]
mod tests;
mod validator;

pub use case::{Ask, Case, Expectation, Sender};
pub use coverage::{Coverage, Place, PlaceKind};
pub use live::{Live, Reality, Received, Sent};
pub use reader::{Problem, read};
pub use run::{Failure, Runner, Tested, Verdict};
pub use stand_ins::stand_ins;

/// The JSON Schema of our own format.
pub const SCHEMA: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/test.json"));
