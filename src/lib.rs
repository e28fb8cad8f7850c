//! meshlint: validates, lints and translates Istio configuration, offline.
//!
//! The modules are layers, listed in the direction of the data. Each uses only those above it; `tests/layers.rs`
//! enforces that.

pub mod cli;
pub mod finding;
pub mod format;
pub mod lint;
pub mod mesh;
pub mod model;
pub mod report;
pub mod rules;
pub mod schema;
pub mod source;
pub mod yaml;
