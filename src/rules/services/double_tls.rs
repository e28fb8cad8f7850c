use crate::mesh::{Mesh, Service, ServicePort};
use crate::model::destination_rule::{ClientTlsSettings, DestinationRule, TrafficPolicy};
use crate::model::Object;
use crate::rules::Report;
use crate::source::Span;

/// A DestinationRule should not add TLS to what is encrypted already.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for rule in &mesh.resources.destination_rules {
        let Some(host) = rule.spec.host else { continue };
        if !rule.spec.tls_settings().any(ClientTlsSettings::originates) {
            continue;
        }
        let full = mesh.full_name(host.value, rule.meta.namespace);
        for (_, policy) in rule.spec.policies() {
            let services = mesh.services_matching(&full);
            let mut encrypted = services.flat_map(|service| service.ports.iter().map(move |port| (service, port)));
            let twice = encrypted.find_map(|(service, port)| {
                let at = port.protocol.is_tls().then(|| originating(policy, port.number))??;
                Some((service, *port, at))
            });
            if let Some((service, port, at)) = twice {
                report_twice(rule, service, &port, at, report);
            }
        }
    }
}

/// The key `tls` that adds TLS on a port.
fn originating(policy: &TrafficPolicy<'_>, number: i64) -> Option<Span> {
    let (tls, node) = policy.tls_of_port(number)?;
    tls.originates().then(|| node.key_at("tls"))?
}

fn report_twice(
    rule: &Object<'_, DestinationRule<'_>>,
    service: &Service<'_>,
    port: &ServicePort<'_>,
    at: Span,
    report: &mut Report,
) {
    let message = format!("TLS is added to port {} of `{}`, which is TLS already", port.number, service.host);
    report
        .at(&rule.meta, at, message)
        .label("the server gets TLS within TLS, and fails the handshake")
        .related(port.at, "applications encrypt what they send to this port")
        .help("remove `tls` for this port, or let applications send plain HTTP, to a port with protocol `HTTP`");
}
