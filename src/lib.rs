//! meshlint: validates, lints and translates Istio configuration, offline.
//!
//! The modules are layers, listed in the direction of the data. Each uses only those above it; `tests/layers.rs`
//! enforces that. (The empty lines keep rustfmt from sorting them.)

pub mod source;

pub mod finding;

pub mod yaml;

pub mod format;

pub mod schema;

pub mod model;

pub mod mesh;

pub mod envoy;

pub mod rules;

pub mod lint;

pub mod report;

pub mod translate;

pub mod trace;

pub mod journey;

pub mod suite;

pub mod proxy;

pub mod cli;
