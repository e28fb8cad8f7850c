use crate::mesh::{Mesh, Reference};
use crate::model::authorization::{Subject, matches};
use crate::rules::Report;

/// A namespace in `namespaces`, `notNamespaces` or a condition on `source.namespace` that does not exist.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    let namespaces = mesh.namespaces();
    for policy in &mesh.resources.authorization_policies {
        for list in policy.spec.constraints().filter(|list| list.subject == Subject::Namespace) {
            for value in list.values.iter().filter(|value| !value.is_empty() && !value.is_placeholder()) {
                let found = namespaces.iter().any(|namespace| matches(value.value, namespace));
                let Reference::Missing = mesh.namespace_reference(value.value) else { continue };
                if found || value.value == "*" {
                    continue;
                }
                let effect = match list.negated {
                    true => "this excludes nobody",
                    false => "no client matches this",
                };
                let message = format!("namespace `{}` not found", value.value);
                let draft = report.at(&policy.meta, value.at, message).label(effect);
                match crate::finding::nearest(value.value, namespaces.iter().copied()) {
                    Some(near) => draft.help(format!("did you mean `{near}`?")),
                    None => draft.help("create the namespace, or correct its name"),
                };
            }
        }
    }
}
