use crate::mesh::Mesh;
use crate::rules::Report;

use super::patches;

/// `ADD` does nothing to route configurations and routes.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for patch in patches(mesh).filter(|patch| patch.operation == "ADD" && patch.is_route()) {
        report
            .at(patch.meta, patch.at(), format!("`ADD` is ignored for `{}`", patch.apply_to))
            .label("nothing is changed")
            .help("use `MERGE`, or patch the `VIRTUAL_HOST`");
    }
}
