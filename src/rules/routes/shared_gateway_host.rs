use crate::mesh::Mesh;
use crate::rules::Report;
use crate::rules::words::list;

use super::shared_hosts::shared_hosts;

/// Several VirtualServices for a host of a gateway are worth knowing of.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for shared in shared_hosts(mesh) {
        let overlaps = shared.overlaps();
        for (index, user) in shared.users.iter().enumerate() {
            if overlaps.iter().any(|overlap| overlap.concerns(index)) {
                continue;
            }
            let others = shared.users.iter().enumerate().filter(|(other, _)| *other != index);
            let names: Vec<_> = others.map(|(_, other)| other.service.meta.full_name()).collect();
            let names: Vec<_> = names.iter().map(String::as_str).collect();
            report
                .at(
                    &user.service.meta,
                    user.host.at,
                    format!("`{}` is also served by {}", user.host.value, list(&names)),
                )
                .label("the gateway merges their rules");
        }
    }
}
