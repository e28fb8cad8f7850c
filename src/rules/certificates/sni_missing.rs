use crate::mesh::{Mesh, Protocol};
use crate::model::Object;
use crate::model::destination_rule::{ClientTlsSettings, DestinationRule, TrafficPolicy};
use crate::rules::Report;
use crate::source::Span;

/// TLS for a TCP port needs to say the name of the server.
pub fn check<'m>(mesh: &Mesh<'m>, rule: &'m Object<'m, DestinationRule<'m>>, report: &mut Report) {
    let Some(host) = rule.spec.host else { return };
    if !rule.spec.tls_settings().any(nameless) {
        return;
    }
    let full = mesh.full_name(host.value, rule.meta.namespace);
    let ports: Vec<_> = mesh.services_matching(&full).flat_map(|service| &service.ports).collect();
    for (_, policy) in rule.spec.policies() {
        let found = ports
            .iter()
            .filter(|port| is_plain_tcp(port.protocol))
            .find_map(|port| Some((port, nameless_at(policy, port.number)?)));
        let Some((port, at)) = found else { continue };
        report
            .at(&rule.meta, at, format!("TLS to port {} of `{}` without `sni`", port.number, host.value))
            .label("on TCP ports no server name is sent: many servers refuse, or show another certificate")
            .related(port.at, "a port for TCP")
            .help("write `sni` with the name of the server");
    }
}

fn nameless(tls: &ClientTlsSettings<'_>) -> bool {
    tls.originates() && tls.sni.is_none_or(|sni| sni.is_empty())
}

/// The key `tls` that holds for a port, if it names no server.
fn nameless_at(policy: &TrafficPolicy<'_>, number: i64) -> Option<Span> {
    policy.tls_of_port(number).filter(|(tls, _)| nameless(tls)).map(|(_, at)| at)
}

/// For HTTP the proxy takes the name from the request.
fn is_plain_tcp(protocol: Protocol) -> bool {
    protocol.is_tcp() && !protocol.is_tls()
}
