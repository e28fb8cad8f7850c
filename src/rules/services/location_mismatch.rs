use rustc_hash::FxHashMap;

use crate::mesh::{Mesh, Resolution, is_public_name};
use crate::model::Object;
use crate::model::networking::ServiceEntry;
use crate::rules::Report;

/// `location` must say whether the workloads are in the mesh.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    let addresses = cluster_addresses(mesh);
    for entry in &mesh.resources.service_entries {
        match entry.spec.location.map(|location| location.value) {
            Some("MESH_INTERNAL") => check_internal(entry, report),
            _ => check_external(entry, &addresses, report),
        }
    }
}

/// A name of the public DNS that is looked up is nothing of the mesh.
fn check_internal(entry: &Object<'_, ServiceEntry<'_>>, report: &mut Report) {
    let spec = &entry.spec;
    let looked_up = matches!(Resolution::of_entry(spec), Resolution::Dns | Resolution::DnsRoundRobin)
        && spec.endpoints.is_empty()
        && spec.workload_selector.is_none();
    let (Some(location), Some(host)) = (spec.location, spec.hosts.iter().find(|host| is_public_name(host.value)))
    else {
        return;
    };
    if looked_up {
        report
            .at(&entry.meta, location.at, format!("`{}` is a public name, but is said to be in the mesh", host.value))
            .label("clients may demand mTLS of it, and telemetry counts it as a workload of the mesh")
            .related(host.at, "looked up in DNS")
            .help("write `location: MESH_EXTERNAL`");
    }
}

/// Addresses of the cluster, and workloads of it, are nothing outside.
fn check_external(entry: &Object<'_, ServiceEntry<'_>>, addresses: &FxHashMap<&str, String>, report: &mut Report) {
    let location = entry.spec.location.map(|location| location.at);
    for address in entry.spec.endpoints.iter().filter_map(|endpoint| endpoint.address) {
        let Some(service) = addresses.get(address.value) else { continue };
        let message =
            format!("`{}` is the address of Service `{service}`, but is said to be outside of the mesh", address.value);
        let mut draft = report.at(&entry.meta, address.at, message).label("clients do not use mTLS for it");
        if let Some(at) = location {
            draft = draft.related(at, "said to be outside here");
        }
        draft.help("write `location: MESH_INTERNAL`, or use the host of the Service");
    }
}

/// The cluster addresses of Services.
fn cluster_addresses<'m>(mesh: &Mesh<'m>) -> FxHashMap<&'m str, String> {
    let services = mesh.resources.services.iter();
    let written = services.filter_map(|service| Some((service.spec.cluster_ip?.value, service.meta.full_name())));
    written.filter(|(address, _)| *address != "None" && !address.is_empty()).collect()
}
