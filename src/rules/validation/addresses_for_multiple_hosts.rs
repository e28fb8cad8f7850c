use crate::format::Protocol;
use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::networking::ServiceEntry;
use crate::rules::Report;

/// Addresses that stand for several hosts at once.
pub fn check<'m>(_: &Mesh<'m>, entry: &'m Object<'m, ServiceEntry<'m>>, report: &mut Report) {
    let resolution = entry.spec.resolution.map_or("NONE", |resolution| resolution.value);
    let (Some(address), true) = (entry.spec.addresses.first(), entry.spec.hosts.len() > 1) else { return };
    let tcp = |text: &str| Protocol::parse(text).is_ok_and(Protocol::is_tcp);
    let port = entry.spec.ports.iter().filter_map(|port| port.protocol).find(|protocol| tcp(protocol.value));
    if let (Some(port), "DNS" | "DNS_ROUND_ROBIN") = (port, resolution) {
        report
            .at(&entry.meta, address.at, "the addresses are those of several hosts")
            .related(port.at, "a connection here goes by its address")
            .label("all connections to it go to the first host")
            .help("write one ServiceEntry for each host");
    }
}
