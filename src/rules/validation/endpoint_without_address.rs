use crate::mesh::Mesh;
use crate::model::Meta;
use crate::model::networking::WorkloadEntry;
use crate::rules::Report;

/// A workload that is reached by its network alone.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for entry in &mesh.resources.service_entries {
        if entry.spec.resolution.is_some_and(|resolution| resolution.value == "STATIC") {
            entry.spec.endpoints.iter().for_each(|endpoint| workload(&entry.meta, endpoint, report));
        }
    }
    mesh.resources.workload_entries.iter().for_each(|entry| workload(&entry.meta, &entry.spec, report));
}

fn workload(meta: &Meta<'_>, workload: &WorkloadEntry<'_>, report: &mut Report) {
    let network = workload.network.filter(|network| !network.is_empty());
    if let (None, Some(network)) = (workload.address.filter(|address| !address.is_empty()), network) {
        report
            .at(meta, network.at, "`network` without an address")
            .label("traffic takes the gateway of this network, whoever it is for")
            .help("add `address` if the workload can be reached directly");
    }
}
