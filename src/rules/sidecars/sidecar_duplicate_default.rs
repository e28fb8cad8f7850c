use std::collections::BTreeMap;

use crate::mesh::Mesh;
use crate::rules::Report;

/// Of several Sidecars for a whole namespace only the oldest is used.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    let mut defaults: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for sidecar in &mesh.resources.sidecars {
        if sidecar.spec.selector().is_none() {
            defaults.entry(sidecar.meta.namespace).or_default().push(sidecar);
        }
    }
    for sidecars in defaults.values() {
        for sidecar in sidecars {
            let Some(other) = sidecars.iter().find(|other| other.meta.at() != sidecar.meta.at()) else { continue };
            let message = format!("namespace `{}` has {} default Sidecars", sidecar.meta.namespace, sidecars.len());
            report
                .at(&sidecar.meta, sidecar.meta.at(), message)
                .label("only the oldest is used")
                .related(other.meta.at(), "this one selects no workloads either")
                .help("keep one, or give the others a workloadSelector");
        }
    }
}
