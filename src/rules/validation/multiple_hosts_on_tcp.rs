use crate::format::Protocol;
use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::networking::ServiceEntry;
use crate::rules::Report;

use super::fields::is_set;

/// A TCP connection does not say which of several hosts it is for.
pub fn check<'m>(_: &Mesh<'m>, entry: &'m Object<'m, ServiceEntry<'m>>, report: &mut Report) {
    let resolved = is_set(entry.spec.node, "resolution")
        && entry.spec.resolution.is_some_and(|resolution| resolution.value != "NONE");
    if !resolved || entry.spec.hosts.len() < 2 {
        return;
    }
    for port in &entry.spec.ports {
        let protocol = port.protocol.filter(|protocol| !protocol.is_empty());
        let parsed = protocol.map(|protocol| Protocol::parse(protocol.value));
        let named = |protocol: Protocol| protocol.is_http() || protocol.is_tls();
        let tells = match parsed {
            Some(Ok(protocol)) => named(protocol),
            // A placeholder, or what the schema has reported.
            Some(Err(_)) => true,
            None => port.node.has("protocol") && protocol.is_some(),
        };
        if !tells {
            report
                .at(
                    &entry.meta,
                    protocol.map_or(port.node.head(), |protocol| protocol.at),
                    "a port for several hosts that is neither HTTP nor TLS",
                )
                .related(entry.spec.hosts[1].at, "the second host")
                .label("a connection does not say which host it is for")
                .help("write one ServiceEntry for each host, or protocol `HTTP` or `TLS`");
        }
    }
}
