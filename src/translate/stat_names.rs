//! What statistics are called, where MeshConfig has a pattern for it (istio 1.31
//! `pilot/pkg/networking/telemetry/telemetry.go`, `BuildStatPrefix`).

use crate::mesh::ServicePort;

use super::push::Service;

/// What a pattern can speak of.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct StatName<'s, 't> {
    pub service: Option<&'s Service<'t>>,
    pub host: &'s str,
    pub subset: &'s str,
    pub port: Option<&'s ServicePort<'t>>,
}

impl StatName<'_, '_> {
    pub fn fill(&self, pattern: &str) -> String {
        let short = match self.service {
            Some(service) if service.is_kubernetes() => format!("{}.{}", service.name, service.namespace()),
            Some(service) => service.host().to_owned(),
            None => self.host.to_owned(),
        };
        let number = self.port.map_or_else(String::new, |port| port.number.to_string());
        let port_name = self.port.map_or("", |port| port.name);
        let name = self.service.map_or("", |service| service.name);
        pattern
            .replace("%SERVICE%", &short)
            .replace("%SERVICE_FQDN%", self.host)
            .replace("%SERVICE_NAME%", name)
            .replace("%SUBSET_NAME%", self.subset)
            .replace("%SERVICE_PORT%", &number)
            .replace("%SERVICE_PORT_NAME%", port_name)
            .replace("%TARGET_PORT%", &target(self.port))
    }
}

fn target(port: Option<&ServicePort<'_>>) -> String {
    match port.map(|port| port.target) {
        Some(crate::mesh::TargetPort::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}
