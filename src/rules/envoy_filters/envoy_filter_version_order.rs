use rustc_hash::FxHashSet;

use crate::mesh::Mesh;
use crate::rules::Report;

use super::patches;

/// A patch that depends on a filter which another one brings only to proxies of certain versions.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    let mut versioned = FxHashSet::default();
    for patch in patches(mesh) {
        let Some(name) = patch.filter_name() else { continue };
        if patch.is_relative() && !patch.has_priority && versioned.contains(name) {
            report
                .at(patch.meta, patch.at(), format!("`{}` of `{name}` without `priority`", patch.operation))
                .label("an earlier patch brings this filter to proxies of certain versions only")
                .help("give the EnvoyFilter a `priority`, and match the same versions");
        }
        if patch.is_for_version() {
            versioned.insert(name);
        }
    }
}
