use crate::mesh::Mesh;
use crate::rules::Report;

use super::localities;

/// A region cannot stand in for itself. What is not written is the same region, too.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for (owner, failover) in localities::failovers(mesh) {
        match (failover.from, failover.to) {
            (Some(from), Some(to)) if from == to && !from.is_placeholder() => {
                report
                    .at(owner, to.at, format!("`{}` fails over to itself", to.value))
                    .related(from.at, "from here")
                    .help("name another region");
            }
            (None, None) => {
                report
                    .at(owner, failover.node.head(), "a failover without regions")
                    .help("name two regions in `from` and `to`");
            }
            _ => {}
        }
    }
}
