use crate::finding::Severity;
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
    for entry in &mesh.resources.workload_entries {
        workload(&entry.meta, &entry.spec, report);
        let written: Vec<_> = [entry.spec.address, entry.spec.network].into_iter().flatten().collect();
        // If neither is written the schema says so.
        if let Some(first) = written.first().filter(|_| written.iter().all(|text| text.is_empty())) {
            report
                .at(&entry.meta, first.at, "the workload has no address")
                .severity(Severity::Error)
                .help("write an IP address, a DNS name or a `unix://` path");
        }
    }
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
