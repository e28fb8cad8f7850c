use crate::finding::nearest;
use crate::mesh::Mesh;
use crate::rules::Report;

use super::annotations::{annotations, names, registered};

/// Annotations that Istio does not have.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for (annotated, key, _) in annotations(mesh) {
        if registered(key.value).is_some() {
            continue;
        }
        let draft = report
            .at(annotated.meta, key.at, format!("Istio has no annotation `{}`", key.value))
            .label("it has no effect");
        match nearest(key.value, names()) {
            Some(near) => draft.help(format!("did you mean `{near}`?")),
            None => draft.help("remove it"),
        };
    }
}
