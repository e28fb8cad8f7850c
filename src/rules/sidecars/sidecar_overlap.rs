use std::collections::BTreeMap;

use crate::mesh::Mesh;
use crate::rules::Report;

/// Of several Sidecars that select a workload only the oldest is used.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    // By place, so that each Sidecar is reported once, in a stable order.
    let mut overlaps = BTreeMap::new();
    let mut chosen: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for sidecar in &mesh.resources.sidecars {
        let Some(selector) = sidecar.spec.selector() else { continue };
        for workload in mesh.select(sidecar.meta.namespace, selector).iter() {
            chosen.entry((workload.meta.at(), workload.title())).or_default().push((sidecar, workload));
        }
    }
    for pairs in chosen.values().filter(|pairs| pairs.len() > 1) {
        for (sidecar, workload) in pairs {
            let other = pairs.iter().find(|(other, _)| other.meta.at() != sidecar.meta.at());
            let Some((other, _)) = other else { continue };
            overlaps.entry(sidecar.meta.at()).or_insert((*sidecar, *other, *workload));
        }
    }
    for (sidecar, other, workload) in overlaps.into_values() {
        let message = format!("`{}` and `{}` select the same workload", sidecar.meta.name.value, other.meta.name.value);
        report
            .at(&sidecar.meta, sidecar.meta.at(), message)
            .label("only the older of them is used")
            .related(other.meta.at(), "the other one")
            .related(workload.meta.at(), format!("both select `{}`", workload.title()))
            .help("let the selectors exclude each other, or join the two");
    }
}
