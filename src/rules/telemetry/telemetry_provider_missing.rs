use crate::finding::Severity;
use crate::mesh::Mesh;
use crate::rules::Report;

/// Access logs go to the providers that are named, else to the default ones of the mesh.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    let config = mesh.settings.config.as_ref();
    let defaults = config.and_then(|config| config.default_providers.as_ref());
    if defaults.is_some_and(|defaults| !defaults.access_logging.is_empty()) {
        return;
    }
    for telemetry in &mesh.resources.telemetries {
        for logging in &telemetry.spec.access_logging {
            if !logging.providers.is_empty() || logging.disabled.is_some_and(|disabled| disabled.value) {
                continue;
            }
            let draft = report
                .at(&telemetry.meta, logging.node.head(), "access log without provider")
                .help("name a provider, such as `envoy`");
            match config {
                Some(_) => draft.label("nothing is logged: the mesh has no default provider for access logs"),
                // Istio's own default has none, but the input does not say that it holds.
                None => draft
                    .label("nothing is logged unless the mesh configuration has a default provider for access logs")
                    .severity(Severity::Info),
            };
        }
    }
}
