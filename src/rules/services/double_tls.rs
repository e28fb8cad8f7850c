use crate::mesh::{Mesh, Service, ServicePort};
use crate::model::Object;
use crate::model::destination_rule::{ClientTlsSettings, DestinationRule, TrafficPolicy};
use crate::rules::Report;
use crate::source::Span;

/// A DestinationRule should not add TLS to what is encrypted already.
pub fn check<'m>(mesh: &Mesh<'m>, rule: &'m Object<'m, DestinationRule<'m>>, report: &mut Report) {
    let Some(host) = rule.spec.host else { return };
    if !rule.spec.tls_settings().any(ClientTlsSettings::originates) {
        return;
    }
    let full = mesh.full_name(host.value, rule.meta.namespace);
    let services: Vec<_> = mesh.services_matching(&full).collect();
    for (_, policy) in rule.spec.policies() {
        let Some((service, port, at)) = services.iter().find_map(|service| encrypted_twice(service, policy)) else {
            continue;
        };
        let message = format!("TLS is added to port {} of `{}`, which is TLS already", port.number, service.host);
        report
            .at(&rule.meta, at, message)
            .label("the server gets TLS within TLS, and fails the handshake")
            .related(port.at, "applications encrypt what they send to this port")
            .help("remove `tls` for this port, or let applications send plain HTTP, to a port with protocol `HTTP`");
    }
}

/// The first port for TLS on which the policy adds TLS, with the place that does so.
fn encrypted_twice<'s, 'm>(
    service: &'s Service<'m>,
    policy: &TrafficPolicy<'_>,
) -> Option<(&'s Service<'m>, &'s ServicePort<'m>, Span)> {
    service.ports.iter().filter(|port| port.protocol.is_tls()).find_map(|port| {
        let (_, at) = policy.tls_of_port(port.number).filter(|(tls, _)| tls.originates())?;
        Some((service, port, at))
    })
}
