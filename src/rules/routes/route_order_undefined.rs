use crate::finding::Severity;
use crate::mesh::Mesh;
use crate::rules::Report;

use super::shared_hosts::{Overlap, SharedHost, shared_hosts};

/// The rules that VirtualServices have for one host of a gateway must not depend on their order.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for shared in shared_hosts(mesh) {
        let overlaps = shared.overlaps();
        for (index, user) in shared.users.iter().enumerate() {
            let concerned: Vec<_> = overlaps.iter().filter(|overlap| overlap.concerns(index)).collect();
            // Those with conflicting catch-alls are the worse ones.
            let Some(worst) = concerned.iter().max_by_key(|overlap| overlap.catch_all) else { continue };
            let text =
                format!("`{}` is served by other VirtualServices that take some of its requests", user.host.value);
            let draft = report.at(&user.service.meta, user.host.at, text);
            describe(draft, &shared, worst, index);
        }
    }
}

fn describe(draft: crate::rules::Draft<'_>, shared: &SharedHost<'_>, overlap: &Overlap<'_>, own: usize) {
    let other = if overlap.taker.0 == own { overlap.taken.0 } else { overlap.taker.0 };
    let other = shared.users[other].service.meta.full_name();
    let (taker, taken) = (overlap.taker.1, overlap.taken.1);
    let mut draft = draft
        .label("which rule wins depends on the order of creation")
        .related(taker.route.node.head(), format!("{} of `{}`", taker.title(), taker.owner.meta.full_name()))
        .related(taken.route.node.head(), format!("takes what {} is for", taken.title()))
        .help(match overlap.witness() {
            Some(witness) => format!("{witness} is for both; put the rules of `{other}` and this one into one list"),
            None => format!("put the rules of `{other}` and of this one into one VirtualService"),
        });
    if overlap.catch_all {
        draft = draft.severity(Severity::Error);
    }
    let _ = draft;
}
