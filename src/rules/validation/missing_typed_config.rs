use crate::mesh::Mesh;
use crate::model::networking::EnvoyFilter;
use crate::model::{Meta, Object};
use crate::rules::Report;
use crate::yaml::{Kind, Node};

/// What a patch can apply to that is an extension itself.
const EXTENSIONS: [&str; 4] = ["HTTP_FILTER", "NETWORK_FILTER", "LISTENER_FILTER", "EXTENSION_CONFIG"];
/// Fields of Envoy's messages that hold extensions.
const HOLDERS: [&str; 8] = [
    "access_log",
    "accessLog",
    "filters",
    "http_filters",
    "httpFilters",
    "listener_filters",
    "listenerFilters",
    "transport_socket",
];
/// One of these says what an extension is to do.
const SETTINGS: [&str; 4] = ["typed_config", "typedConfig", "config_discovery", "configDiscovery"];

/// Envoy tells extensions by the type of their configuration, not by their name.
pub fn check<'m>(_: &Mesh<'m>, filter: &'m Object<'m, EnvoyFilter<'m>>, report: &mut Report) {
    for patch in filter.spec.config_patches.iter().filter(|patch| !patch.is_for_waypoints()) {
        let Some(change) = &patch.patch else { continue };
        let removes = change.operation.is_some_and(|operation| operation.value == "REMOVE");
        let Some(value) = change.value.filter(|_| !removes) else { continue };
        if patch.apply_to.is_some_and(|target| EXTENSIONS.contains(&target.value)) {
            extension(&filter.meta, value, report);
        }
        walk(&filter.meta, value, report);
    }
}

fn walk(meta: &Meta<'_>, node: Node<'_>, report: &mut Report) {
    for entry in node.entries() {
        if HOLDERS.contains(&&*entry.key.key_text()) {
            extension(meta, entry.value, report);
            entry.value.items().for_each(|item| extension(meta, item, report));
        }
        walk(meta, entry.value, report);
    }
    node.items().for_each(|item| walk(meta, item, report));
}

fn extension(meta: &Meta<'_>, node: Node<'_>, report: &mut Report) {
    let Some(name) = node.get("name").filter(|_| node.kind() == Kind::Mapping) else { return };
    if SETTINGS.iter().any(|field| node.has(field)) {
        return;
    }
    report
        .at(meta, name.at(), format!("`{}` has no `typed_config`", name.as_str().unwrap_or(name.raw())))
        .label("Envoy does not know an extension by its name alone")
        .help("add `typed_config` with the `@type` of the extension");
}
