use crate::finding::Severity;
use crate::mesh::{Mesh, Overlap, SharedHost};
use crate::rules::Report;

use super::name_of;

/// The rules that VirtualServices have for one host of a gateway must not depend on their order.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for shared in mesh.shared_hosts() {
        let overlaps = shared.overlaps();
        for (user, overlap) in
            shared.users.iter().zip(worst_of_users(&shared, &overlaps)).filter_map(|(user, worst)| Some((user, worst?)))
        {
            let text =
                format!("`{}` is served by other VirtualServices that take some of its requests", user.host.value);
            let (taker, taken) = (overlap.taker.route, overlap.taken.route);
            let names = (name_of(taker, taken), taken.title());
            let draft = report
                .at(&user.service.meta, user.host.at, text)
                .label("which rule wins depends on the order of creation")
                .related(taker.route.node.head(), format!("{} of `{}`", taker.title(), taker.owner.meta.full_name()))
                .related(
                    taken.route.node.head(),
                    format!("takes what {} of `{}` is for", names.1, taken.owner.meta.full_name()),
                )
                .help(match overlap.witness() {
                    Some(request) => format!(
                        "{} goes to {} or to {} of `{}`, whichever VirtualService is older: put their rules into one",
                        request.to_host(user.host.value),
                        names.0,
                        names.1,
                        taken.owner.meta.full_name(),
                    ),
                    None => "put the rules of both into one VirtualService".to_owned(),
                });
            if overlap.is_catch_all() {
                draft.severity(Severity::Error);
            }
        }
    }
}

/// For each VirtualService the worst overlap: those of rules that accept everything are the worst.
fn worst_of_users<'o, 's, 'm>(
    shared: &SharedHost<'m>,
    overlaps: &'o [Overlap<'s, 'm>],
) -> Vec<Option<&'o Overlap<'s, 'm>>> {
    let mut worst: Vec<Option<&Overlap<'_, '_>>> = vec![None; shared.users.len()];
    for overlap in overlaps {
        for user in [overlap.taker.user, overlap.taken.user] {
            let own = &mut worst[user];
            if own.is_none_or(|own| overlap.is_catch_all() && !own.is_catch_all()) {
                *own = Some(overlap);
            }
        }
    }
    worst
}
