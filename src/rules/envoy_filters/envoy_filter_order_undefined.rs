use rustc_hash::FxHashSet;

use crate::mesh::Mesh;
use crate::rules::Report;

use super::patches;

/// A patch that depends on other filters needs a priority; after one for certain proxies that is another rule's.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    let mut versioned = FxHashSet::default();
    for patch in patches(mesh) {
        let follows_versioned = patch.filter_name().is_some_and(|name| versioned.contains(name));
        if patch.is_relative() && !patch.has_priority && !follows_versioned {
            report
                .at(patch.meta, patch.at(), format!("`{}` without `priority`", patch.operation))
                .label("whether its target is there already depends on the order of the EnvoyFilters")
                .help("give the EnvoyFilter a `priority`, or use `INSERT_FIRST`, `ADD` or `MERGE`");
        }
        if patch.is_for_version() {
            versioned.extend(patch.filter_name());
        }
    }
}
