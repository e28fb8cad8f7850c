use crate::finding::nearest;
use crate::mesh::Mesh;
use crate::rules::Report;

/// ReferenceGrants for namespaces that do not exist.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for grant in &mesh.resources.reference_grants {
        for namespace in grant.spec.from.iter().filter_map(|from| from.namespace) {
            if namespace.is_placeholder() || !mesh.namespace_reference(namespace.value).is_missing() {
                continue;
            }
            let draft = report
                .at(&grant.meta, namespace.at, format!("namespace `{}` not found", namespace.value))
                .label("this grants nothing");
            match nearest(namespace.value, mesh.namespaces()) {
                Some(near) => draft.help(format!("did you mean `{near}`?")),
                None => draft.help("correct the name, or remove the grant"),
            };
        }
    }
}
