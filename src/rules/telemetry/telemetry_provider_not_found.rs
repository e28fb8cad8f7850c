use crate::finding::nearest;
use crate::mesh::Mesh;
use crate::rules::Report;

/// The providers that every mesh has (istio 1.31 `pkg/config/mesh/mesh.go`).
const BUILT_IN: [&str; 2] = ["prometheus", "envoy"];

/// A provider that the mesh configuration does not define.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    // Without a mesh configuration nothing is known of its providers.
    let Some(config) = &mesh.settings.config else { return };
    let names = || config.extension_providers.iter().filter_map(|provider| provider.name).map(|name| name.value);
    for telemetry in &mesh.resources.telemetries {
        let tracing = telemetry.spec.tracing.iter().flat_map(|tracing| &tracing.providers);
        let metrics = telemetry.spec.metrics.iter().flat_map(|metrics| &metrics.providers);
        let logging = telemetry.spec.access_logging.iter().flat_map(|logging| &logging.providers);
        for provider in tracing.chain(metrics).chain(logging) {
            let Some(name) = provider.name else { continue };
            if names().chain(BUILT_IN).any(|own| own == name.value) || name.is_placeholder() {
                continue;
            }
            let draft = report
                .at(&telemetry.meta, name.at, format!("no provider `{}`", name.value))
                .label("nothing is reported to it");
            match nearest(name.value, names().chain(BUILT_IN)) {
                Some(near) => draft.help(format!("did you mean `{near}`?")),
                None => draft.help("define it in `extensionProviders` of the mesh configuration"),
            };
        }
    }
}
