use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::security::Telemetry;
use crate::rules::Report;

/// The provider for Lightstep is going away.
pub fn check<'m>(mesh: &Mesh<'m>, telemetry: &'m Object<'m, Telemetry<'m>>, report: &mut Report) {
    let providers = telemetry.spec.tracing.iter().flat_map(|tracing| &tracing.providers);
    for name in providers.filter_map(|provider| provider.name) {
        let kind = mesh.settings.extension_provider(name.value).and_then(|provider| provider.kind());
        let Some((_, node)) = kind.filter(|(kind, _)| *kind == "lightstep") else { continue };
        report
            .at(&telemetry.meta, name.at, "providers of the kind `lightstep` are deprecated")
            .label("traces end when Istio removes it")
            .related(node.head(), "defined here")
            .help("define a provider of the kind `opentelemetry`, which Lightstep takes, too");
    }
}
