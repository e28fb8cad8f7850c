use crate::mesh::Mesh;
use crate::rules::Report;

use super::patches;

/// Only filters and virtual hosts can be replaced.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for patch in patches(mesh).filter(|patch| patch.operation == "REPLACE" && !patch.is_relative()) {
        if patch.apply_to.is_empty() {
            continue;
        }
        report
            .at(patch.meta, patch.at(), format!("`REPLACE` is ignored for `{}`", patch.apply_to))
            .label("only HTTP_FILTER, NETWORK_FILTER and VIRTUAL_HOST can be replaced")
            .help("use `MERGE`, or `REMOVE` and `ADD`");
    }
}
