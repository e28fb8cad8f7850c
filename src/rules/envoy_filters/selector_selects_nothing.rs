use crate::mesh::Mesh;
use crate::rules::Report;

/// Selectors of what changes the proxies must select workloads.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    let resources = mesh.resources;
    let filters = resources
        .envoy_filters
        .iter()
        .filter_map(|object| Some((&object.meta, &object.spec.workload_selector.as_ref()?.labels)));
    let plugins = resources
        .wasm_plugins
        .iter()
        .filter_map(|object| Some((&object.meta, &object.spec.selector.as_ref()?.match_labels)));
    let extensions = resources
        .traffic_extensions
        .iter()
        .filter_map(|object| Some((&object.meta, &object.spec.selector.as_ref()?.match_labels)));
    let configs = resources
        .proxy_configs
        .iter()
        .filter_map(|object| Some((&object.meta, &object.spec.selector.as_ref()?.match_labels)));
    let rules = resources
        .destination_rules
        .iter()
        .filter_map(|object| Some((&object.meta, &object.spec.workload_selector.as_ref()?.match_labels)));
    for (meta, labels) in filters.chain(plugins).chain(extensions).chain(configs).chain(rules) {
        if !labels.is_empty() {
            report.selects_nothing(mesh, meta, labels, None);
        }
    }
}
