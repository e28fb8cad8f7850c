use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::destination_rule::DestinationRule;
use crate::rules::{Report, words};

/// Settings for a port that the service does not have.
pub fn check<'m>(mesh: &Mesh<'m>, rule: &'m Object<'m, DestinationRule<'m>>, report: &mut Report) {
    let Some(host) = rule.spec.host else { return };
    let full = mesh.full_name(host.value, rule.meta.namespace);
    let services: Vec<_> = mesh.services_named(&full).collect();
    let [service] = services[..] else { return };
    for (_, policy) in rule.spec.policies() {
        for settings in &policy.port_level_settings {
            let Some(number) = settings.port.as_ref().and_then(|port| port.number) else { continue };
            if service.port(number.value).is_some() {
                continue;
            }
            let numbers: Vec<_> = service.ports.iter().map(|port| port.number).collect();
            report
                .at(&rule.meta, number.at, format!("`{}` has no port {}", host.value, number.value))
                .label("these settings have no effect")
                .related(service.at, format!("it has {}", words::numbers("port", &numbers)))
                .help("write the port of the service, not that of its pods");
        }
    }
}
