use std::collections::BTreeMap;

use crate::mesh::Mesh;
use crate::rules::Report;

/// Of several Telemetries that select a workload only the oldest is used.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    let mut chosen: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for telemetry in &mesh.resources.telemetries {
        let Some(selector) = telemetry.spec.labels() else { continue };
        for workload in mesh.select(telemetry.meta.namespace, selector).iter() {
            chosen.entry((workload.meta.at(), workload.title())).or_default().push((telemetry, workload));
        }
    }
    let mut overlaps = BTreeMap::new();
    for pairs in chosen.values() {
        for (telemetry, workload) in pairs {
            let other = pairs.iter().find(|(other, _)| other.meta.at() != telemetry.meta.at());
            let Some((other, _)) = other else { continue };
            overlaps.entry(telemetry.meta.at()).or_insert((*telemetry, *other, *workload));
        }
    }
    for (telemetry, other, workload) in overlaps.into_values() {
        let (one, two) = (telemetry.meta.name.value, other.meta.name.value);
        report
            .at(&telemetry.meta, telemetry.meta.at(), format!("`{one}` and `{two}` select the same workload"))
            .label("only the older of them is used")
            .related(other.meta.at(), "the other one")
            .related(workload.meta.at(), format!("both select `{}`", workload.title()))
            .help("let the selectors exclude each other, or join the two");
    }
}
