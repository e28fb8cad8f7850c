use crate::mesh::Mesh;
use crate::rules::Report;

use super::annotations::{annotations, registered};

/// Annotations on objects where Istio does not look for them.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for (annotated, key, _) in annotations(mesh) {
        let Some(entry) = registered(key.value) else { continue };
        if entry.on.is_empty() || entry.on.contains(&annotated.kind) {
            continue;
        }
        let makes_pods = annotated.meta.root.path(&["spec", "template"]).is_some();
        let draft = report
            .at(annotated.meta, key.at, format!("annotation `{}` has no effect on a {}", key.value, annotated.kind))
            .label("Istio does not look for it here");
        match entry.on {
            ["Pod"] if makes_pods => draft.help("move it to `spec.template.metadata.annotations`"),
            kinds => draft.help(format!("it belongs to a {}", kinds.join(" or "))),
        };
    }
}
