use rustc_hash::FxHashMap;

use crate::mesh::Mesh;
use crate::model::networking::WorkloadEntry;
use crate::model::{Object, Str};
use crate::rules::Report;

use super::workload_entry_orphan::has;

/// No service should have an endpoint twice.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    let mut first_of: FxHashMap<(&str, &str, &str), Vec<&Object<'_, WorkloadEntry<'_>>>> = FxHashMap::default();
    for entry in &mesh.resources.workload_entries {
        let Some(address) = entry.spec.address.filter(|address| !address.is_empty() && !address.is_placeholder())
        else {
            continue;
        };
        let network = entry.spec.network.map_or("", |network| network.value);
        let same = first_of.entry((entry.meta.namespace, address.value, network)).or_default();
        if let Some(first) = same.iter().find(|other| share_service(mesh, entry, other)) {
            report_duplicate(entry, first, address, report);
        }
        same.push(entry);
    }
}

/// One machine may well run several applications, each with an entry of its own.
fn share_service<'m>(
    mesh: &Mesh<'m>,
    left: &Object<'m, WorkloadEntry<'m>>,
    right: &Object<'m, WorkloadEntry<'m>>,
) -> bool {
    let mut selectors = mesh.services_in(left.meta.namespace).filter_map(|service| service.selector());
    selectors.any(|labels| has(left, labels) && has(right, labels))
}

fn report_duplicate(
    entry: &Object<'_, WorkloadEntry<'_>>,
    first: &Object<'_, WorkloadEntry<'_>>,
    address: Str<'_>,
    report: &mut Report,
) {
    let message = format!("WorkloadEntry `{}` has the same address", first.meta.full_name());
    let draft = report
        .at(&entry.meta, address.at, message)
        .label("the service has this endpoint twice, with twice the traffic");
    let draft = match first.spec.address {
        Some(at) => draft.related(at.at, "the same address"),
        None => draft,
    };
    draft.help("remove one of them, or correct its address");
}
