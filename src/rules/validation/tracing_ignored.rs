use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::security::Telemetry;
use crate::rules::Report;

/// Istio traces to one provider.
pub fn check<'m>(_: &Mesh<'m>, telemetry: &'m Object<'m, Telemetry<'m>>, report: &mut Report) {
    if let [_, second, ..] = telemetry.spec.tracing.as_slice() {
        report
            .at(&telemetry.meta, second.node.head(), "more than one entry of `tracing`")
            .label("only one is used")
            .help("merge them");
    }
    for tracing in &telemetry.spec.tracing {
        let [_, second, ..] = tracing.providers.as_slice() else { continue };
        report
            .at(&telemetry.meta, second.node.head(), "more than one provider of traces")
            .label("only one is used")
            .help("keep one provider");
    }
    for tags in telemetry.spec.metrics.iter().flat_map(|metrics| &metrics.overrides) {
        for (name, _) in tags.tag_overrides.iter().filter(|(name, _)| name.is_empty()) {
            report.at(&telemetry.meta, name.at, "a tag without a name").help("write the name of the tag, or remove it");
        }
    }
}
