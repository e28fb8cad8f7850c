use crate::mesh::Mesh;
use crate::rules::Report;

/// Access logs go to the providers that are named, else to the default ones of the mesh.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    let Some(config) = &mesh.settings.config else { return };
    if config.default_providers.as_ref().is_some_and(|defaults| !defaults.access_logging.is_empty()) {
        return;
    }
    for telemetry in &mesh.resources.telemetries {
        for logging in &telemetry.spec.access_logging {
            if !logging.providers.is_empty() || logging.disabled.is_some_and(|disabled| disabled.value) {
                continue;
            }
            report
                .at(&telemetry.meta, logging.node.head(), "access log without provider")
                .label("nothing is logged: the mesh has no default provider for access logs")
                .help("name a provider, such as `envoy`");
        }
    }
}
