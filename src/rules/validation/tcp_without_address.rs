use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::networking::ServiceEntry;
use crate::rules::Report;

/// Without an address a TCP port is open for everything that goes to its number.
pub fn check<'m>(_: &Mesh<'m>, entry: &'m Object<'m, ServiceEntry<'m>>, report: &mut Report) {
    let resolution = entry.spec.resolution;
    let allocated = super::fields::may_be_set(entry.spec.node, "resolution")
        && resolution.is_none_or(|resolution| resolution.value != "NONE")
        && entry.meta.labels.text("networking.istio.io/enable-autoallocate-ip") != Some("false");
    if allocated || super::fields::may_be_set(entry.spec.node, "addresses") {
        return;
    }
    for port in &entry.spec.ports {
        let protocol = port.protocol.filter(|protocol| !protocol.is_empty());
        // istiod compares the text.
        if protocol.is_none_or(|protocol| protocol.value == "TCP") {
            let at = port.name.map_or(port.node.head(), |name| name.at);
            report
                .at(&entry.meta, at, "a TCP port, and no addresses")
                .label("it takes all traffic to this port number, whatever the host")
                .help("add `addresses`, or write the protocol of the port");
        }
    }
}
