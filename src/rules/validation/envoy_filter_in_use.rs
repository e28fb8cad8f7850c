use crate::mesh::Mesh;
use crate::rules::Report;

/// Patches depend on what istiod happens to generate.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for filter in &mesh.resources.envoy_filters {
        report
            .at(&filter.meta, filter.meta.at(), "an EnvoyFilter changes what istiod generates")
            .label("any release of Istio may generate something else")
            .help("prefer another API, such as Telemetry, WasmPlugin or ProxyConfig, and test it with every upgrade");
    }
}
