use std::borrow::Cow;

use rustc_hash::FxHashSet;

use crate::mesh::Mesh;
use crate::rules::Report;

/// Sidecars take `credentialName` only from a DestinationRule for certain workloads.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    let of_gateways = gateway_destinations(mesh);
    for rule in &mesh.resources.destination_rules {
        let Some(host) = rule.spec.host.filter(|_| rule.spec.workload_selector.is_none()) else { continue };
        // Gateways take it from any.
        if of_gateways.contains(&mesh.full_name(host.value, rule.meta.namespace)) {
            continue;
        }
        for tls in rule.spec.tls_settings().filter(|tls| tls.originates()) {
            let Some(name) = tls.credential_name.filter(|name| !name.is_empty()) else { continue };
            report
                .at(&rule.meta, name.at, "sidecars ignore `credentialName` here")
                .label("without `workloadSelector` they send plain text, and say nothing")
                .help("add a `workloadSelector`, or mount the certificates and name their files");
        }
    }
}

/// The hosts to which VirtualServices of gateways lead.
fn gateway_destinations<'m>(mesh: &Mesh<'m>) -> FxHashSet<Cow<'m, str>> {
    let mut hosts = FxHashSet::default();
    for service in
        mesh.resources.virtual_services.iter().filter(|service| mesh.bound_gateways(service).next().is_some())
    {
        for host in service.spec.destinations().iter().filter_map(|used| used.destination.host) {
            hosts.insert(mesh.full_name(host.value, service.meta.namespace));
        }
    }
    hosts
}
