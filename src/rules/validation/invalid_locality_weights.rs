use crate::mesh::Mesh;
use crate::model::destination_rule::Distribute;
use crate::rules::Report;

use super::localities::{self, Owner};

/// The shares of a distribution are percents of a whole.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for (owner, locality) in localities::settings(mesh) {
        locality.distribute.iter().for_each(|entry| shares(owner, entry, report));
    }
}

fn shares(owner: Owner<'_, '_>, entry: &Distribute<'_>, report: &mut Report) {
    let written = entry.node.get("to").map_or(0, |to| to.entries().count());
    if written != entry.to.len() {
        return; // The schema has reported a share that is no number.
    }
    if let Some((place, share)) = entry.to.iter().find(|(_, share)| !(1..=100).contains(&share.value)) {
        report
            .at(owner, share.at, format!("`{}` cannot get {} percent", place.value, share.value))
            .help("write a number from 1 to 100, or remove the place");
        return;
    }
    let total: i64 = entry.to.iter().map(|(_, share)| share.value).sum();
    if total != 100 {
        let at = entry.node.key_at("to").unwrap_or(entry.node.head());
        report
            .at(owner, at, format!("the shares add up to {total}, not to 100"))
            .help("change the shares so that they add up to 100");
    }
}
