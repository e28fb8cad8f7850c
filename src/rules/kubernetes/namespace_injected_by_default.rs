use crate::mesh::Mesh;
use crate::rules::Report;

use super::namespace_not_injected::unlabelled;

/// Namespaces without labels whose pods get a proxy all the same.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    if !injected_by_default(mesh) {
        return;
    }
    for namespace in unlabelled(mesh) {
        let name = namespace.name.value;
        report
            .at(namespace, namespace.at(), format!("pods of namespace `{name}` get a proxy by default"))
            .label("no label says so; `enableNamespacesByDefault` is on")
            .help("add `istio-injection: enabled`, or `istio-injection: disabled` if that is not meant");
    }
}

/// Whether the injector's configuration has `enableNamespacesByDefault`.
pub(super) fn injected_by_default(mesh: &Mesh<'_>) -> bool {
    let injectors = mesh.resources.config_maps.iter().filter(|map| {
        let name = map.meta.name.value;
        name == "istio-sidecar-injector" || name.starts_with("istio-sidecar-injector-")
    });
    injectors.filter_map(|map| map.spec.data.text("values")).any(|values| {
        let values = serde_json::from_str::<serde_json::Value>(values).unwrap_or_default();
        values["sidecarInjectorWebhook"]["enableNamespacesByDefault"] == true
    })
}
