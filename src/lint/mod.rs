//! From sources to sorted findings: reading, schemas, the mesh and its rules.

mod mesh_config;
mod pipeline;

pub use pipeline::{Analysis, analyze};
