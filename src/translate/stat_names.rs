//! What statistics are called, where MeshConfig has a pattern for it (istio 1.31
//! `pilot/pkg/networking/telemetry/telemetry.go`, `BuildStatPrefix`).

use super::push::Service;

/// What a pattern can speak of.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct StatName<'s, 't> {
    pub service: Option<&'s Service<'t>>,
    pub host: &'s str,
    pub subset: &'s str,
    pub port: i64,
    pub port_name: &'s str,
    /// The port of the workload; listeners do not speak of it, and clusters towards others say 0.
    pub target: Option<i64>,
}

impl StatName<'_, '_> {
    pub fn fill(&self, pattern: &str) -> String {
        let kubernetes = self.service.filter(|service| service.is_kubernetes());
        let (short, name) = match kubernetes {
            Some(service) => (format!("{}.{}", service.name, service.namespace()), service.name),
            None => (self.host.to_owned(), self.host),
        };
        let filled = pattern
            .replace("%SERVICE%", &short)
            .replace("%SERVICE_NAME%", name)
            .replace("%SERVICE_FQDN%", self.host)
            .replace("%SUBSET_NAME%", self.subset)
            .replace("%SERVICE_PORT%", &self.port.to_string())
            .replace("%SERVICE_PORT_NAME%", self.port_name);
        match self.target {
            Some(target) => filled.replace("%TARGET_PORT%", &target.to_string()),
            None => filled,
        }
    }
}
