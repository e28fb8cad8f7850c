use crate::mesh::Mesh;
use crate::rules::Report;

use super::localities;

/// A region cannot stand in for itself.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for (owner, failover) in localities::failovers(mesh) {
        let (Some(from), Some(to)) = (failover.from, failover.to) else { continue };
        if from == to && !from.is_placeholder() {
            report
                .at(owner, to.at, format!("`{}` fails over to itself", to.value))
                .related(from.at, "from here")
                .help("name another region");
        }
    }
}
