use crate::mesh::Mesh;
use crate::model::networking::WorkloadEntry;
use crate::model::{Kind, Labels, Object};
use crate::rules::Report;

/// A WorkloadEntry should be an endpoint of something.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for entry in &mesh.resources.workload_entries {
        let namespace = entry.meta.namespace;
        let known = mesh.is_complete(Kind::ServiceEntry, namespace) || mesh.is_complete(Kind::Service, namespace);
        if !known || is_selected(mesh, entry) {
            continue;
        }
        let at = entry.spec.node.key_at("labels").unwrap_or(entry.meta.at());
        report
            .at(&entry.meta, at, "no Service and no ServiceEntry selects this WorkloadEntry")
            .label("nobody can reach it through the mesh")
            .help(format!("give it the labels that a `workloadSelector` in namespace `{namespace}` has"));
    }
}

fn is_selected<'m>(mesh: &Mesh<'m>, entry: &'m Object<'m, WorkloadEntry<'m>>) -> bool {
    let namespace = entry.meta.namespace;
    let by = |labels: &'m Labels<'m>| mesh.services_selecting(namespace, labels).next().is_some();
    let by_both =
        || mesh.services_in(namespace).filter_map(|service| service.selector()).any(|labels| has(entry, labels));
    by(&entry.spec.labels) || by(&entry.meta.labels) || !entry.meta.labels.is_empty() && by_both()
}

/// Its labels are those of the spec and of the object itself (istio 1.31 `serviceregistry/serviceentry/conversion.go`).
pub(super) fn has(entry: &Object<'_, WorkloadEntry<'_>>, selector: &Labels<'_>) -> bool {
    let label = |key: &str| entry.meta.labels.text(key).or_else(|| entry.spec.labels.text(key));
    selector.iter().all(|(key, value)| label(key.value) == Some(value.value))
}
