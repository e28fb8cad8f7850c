use crate::mesh::{Mesh, Resolution, has_wildcard};
use crate::model::Object;
use crate::model::networking::ServiceEntry;
use crate::rules::Report;

/// A wildcard host with DNS leads all names to the same endpoints.
pub fn check<'m>(_: &Mesh<'m>, entry: &'m Object<'m, ServiceEntry<'m>>, report: &mut Report) {
    let spec = &entry.spec;
    let by_dns = matches!(Resolution::of_entry(spec), Resolution::Dns | Resolution::DnsRoundRobin);
    let Some(endpoint) = spec.endpoints.first().filter(|_| by_dns) else { return };
    let Some(host) = spec.hosts.iter().find(|host| has_wildcard(host.value)) else { return };
    report
        .at(&entry.meta, host.at, format!("every name of `{}` is sent to the same endpoints", host.value))
        .label("which is right only if they answer for all of these names")
        .related(endpoint.address.map_or(endpoint.node.head(), |address| address.at), "looked up instead of the name")
        .help("use `resolution: NONE`, which keeps the address that the client looked up");
}
