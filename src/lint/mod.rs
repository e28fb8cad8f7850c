//! From sources and a configuration to sorted findings: reading, schemas, the mesh and its rules, then what the user does
//! not want to see.
//!
//! The order matters and is that of [`check`]: findings are sorted and get their severities, rules that are off are
//! dropped; comments and annotations silence what they name, and those that silence nothing become findings; what is only
//! context is dropped; last, the baseline takes away what was there before.

mod baseline;
mod check;
mod directive;
mod fingerprint;
mod fix;
mod globs;
mod ignores;
mod levels;
mod mesh_config;
mod pipeline;
mod rule_name;
mod usage;

pub use baseline::{Baseline, Entry};
pub use check::{Config, Reported, Run, check, with_admitted};
pub use fingerprint::fingerprints;
pub use fix::{FixedSource, fixes};
pub use globs::{GlobText, PathGlobs, name_globs};
pub use levels::{Level, Levels, Override};
pub use rule_name::RuleName;
