use crate::mesh::{Mesh, host_subset_of};
use crate::model::Object;
use crate::model::destination_rule::ClientTlsSettings;
use crate::model::networking::ServiceEntry;
use crate::rules::Report;

use super::port_protocol;

/// HTTP to port 443 of a service outside needs a DestinationRule that adds TLS.
pub fn check<'m>(mesh: &Mesh<'m>, entry: &'m Object<'m, ServiceEntry<'m>>, report: &mut Report) {
    let spec = &entry.spec;
    if spec.location.is_some_and(|location| location.value == "MESH_INTERNAL") {
        return;
    }
    for port in spec.ports.iter().filter(|port| port_protocol(port).is_http()) {
        let Some(number) = port.number.filter(|number| number.value == 443) else { continue };
        let leads_to_443 = port.target_port.is_none_or(|target| [0, 443].contains(&target.value));
        if !leads_to_443 || spec.hosts.iter().any(|host| has_origination(mesh, host.value, entry.meta.namespace)) {
            continue;
        }
        let protocol = port.protocol.map_or("HTTP", |protocol| protocol.value);
        report
            .at(&entry.meta, number.at, format!("`{protocol}` in plain text to port 443"))
            .label("servers there expect TLS, and answer 400 or reset the connection")
            .help("write protocol `TLS` if applications use HTTPS themselves, or a DestinationRule with `tls: {mode: SIMPLE}`");
    }
}

/// Whether a DestinationRule of any namespace adds TLS for the host: which one holds depends on the client.
fn has_origination(mesh: &Mesh<'_>, host: &str, namespace: &str) -> bool {
    let rules = mesh.resources.destination_rules.iter();
    let mut of_host = rules.filter(|rule| {
        let own = rule.spec.host.map(|own| mesh.full_name(own.value, rule.meta.namespace));
        own.is_some_and(|own| host_subset_of(&mesh.full_name(host, namespace), &own))
    });
    of_host.any(|rule| rule.spec.tls_settings().any(ClientTlsSettings::originates))
}
