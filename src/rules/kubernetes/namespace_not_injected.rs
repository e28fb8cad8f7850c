use crate::mesh::Mesh;
use crate::model::Meta;
use crate::rules::Report;

use super::namespace_injected_by_default::injected_by_default;

/// Namespaces of which no label says whether their pods get a proxy.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    if injected_by_default(mesh) {
        return;
    }
    for namespace in unlabelled(mesh) {
        let name = namespace.name.value;
        report
            .at(namespace, namespace.at(), format!("pods of namespace `{name}` get no proxy"))
            .label("no label of injection or of ambient mode")
            .help("add `istio-injection: enabled`, or `istio-injection: disabled` if that is meant");
    }
}

/// Namespaces without any label about the mesh, those of the system aside.
pub(super) fn unlabelled<'m>(mesh: &Mesh<'m>) -> impl Iterator<Item = &'m Meta<'m>> {
    let root = mesh.settings.root_namespace;
    let all = mesh.resources.namespaces.iter().map(|namespace| &namespace.meta);
    all.filter(move |meta| {
        let name = meta.name.value;
        let system =
            name == root || name == "istio-system" || name.starts_with("kube-") || name == "local-path-storage";
        let written = |label: &str| meta.labels.text(label).is_some_and(|value| !value.is_empty());
        !system && !["istio-injection", "istio.io/rev", "istio.io/dataplane-mode"].into_iter().any(written)
    })
}
