use crate::mesh::{Mesh, Resolution, has_wildcard};
use crate::rules::Report;

/// A wildcard host with DNS leads all names to the same endpoints.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for entry in &mesh.resources.service_entries {
        let spec = &entry.spec;
        let by_dns = matches!(Resolution::of_entry(spec), Resolution::Dns | Resolution::DnsRoundRobin);
        let Some(endpoint) = spec.endpoints.first().filter(|_| by_dns) else { continue };
        let Some(host) = spec.hosts.iter().find(|host| has_wildcard(host.value)) else { continue };
        report
            .at(&entry.meta, host.at, format!("every name of `{}` is sent to the same endpoints", host.value))
            .label("which is right only if they answer for all of these names")
            .related(
                endpoint.address.map_or(endpoint.node.head(), |address| address.at),
                "looked up instead of the name",
            )
            .help("use `resolution: NONE`, which keeps the address that the client looked up");
    }
}
