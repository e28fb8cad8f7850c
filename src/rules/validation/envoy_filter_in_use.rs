use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::networking::EnvoyFilter;
use crate::rules::Report;

/// Patches depend on what istiod happens to generate.
pub fn check<'m>(_: &Mesh<'m>, filter: &'m Object<'m, EnvoyFilter<'m>>, report: &mut Report) {
    report
        .at(&filter.meta, filter.meta.at(), "an EnvoyFilter changes what istiod generates")
        .label("any release of Istio may generate something else")
        .help("prefer another API, such as Telemetry, WasmPlugin or ProxyConfig, and test it with every upgrade");
}
