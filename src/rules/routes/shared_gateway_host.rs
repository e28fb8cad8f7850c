use crate::mesh::Mesh;
use crate::rules::Report;

/// Several VirtualServices for a host of a gateway are worth knowing of.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for shared in mesh.shared_hosts() {
        let mut overlapping = vec![false; shared.users.len()];
        for overlap in shared.overlaps() {
            overlapping[overlap.taker.user] = true;
            overlapping[overlap.taken.user] = true;
        }
        for (index, user) in shared.users.iter().enumerate().filter(|(index, _)| !overlapping[*index]) {
            let other = &shared.users[usize::from(index == 0)].service.meta;
            let more = match shared.users.len() - 2 {
                0 => String::new(),
                count => format!(" and {count} more"),
            };
            report
                .at(
                    &user.service.meta,
                    user.host.at,
                    format!("`{}` is also served by `{}`{more}", user.host.value, other.full_name()),
                )
                .label("the gateway merges their rules");
        }
    }
}
