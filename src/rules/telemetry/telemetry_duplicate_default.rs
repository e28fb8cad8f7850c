use std::collections::BTreeMap;

use crate::mesh::Mesh;
use crate::rules::Report;

/// Of several Telemetries for a whole namespace only the oldest is used.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    let mut defaults: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for telemetry in mesh.resources.telemetries.iter().filter(|telemetry| telemetry.spec.is_default()) {
        defaults.entry(telemetry.meta.namespace).or_default().push(telemetry);
    }
    for telemetries in defaults.values() {
        for telemetry in telemetries {
            let other = telemetries.iter().find(|other| other.meta.at() != telemetry.meta.at());
            let Some(other) = other else { continue };
            let namespace = telemetry.meta.namespace;
            let message = format!("namespace `{namespace}` has {} default Telemetries", telemetries.len());
            report
                .at(&telemetry.meta, telemetry.meta.at(), message)
                .label("only the oldest is used")
                .related(other.meta.at(), "this one selects no workloads either")
                .help("join them, or give the others a selector");
        }
    }
}
