use crate::mesh::Mesh;
use crate::rules::Report;

use super::annotations::{annotations, problem, registered};

/// Annotations with a value that the injector refuses.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for (annotated, key, value) in annotations(mesh) {
        let placed = registered(key.value).is_some_and(|entry| entry.on.contains(&annotated.kind));
        if !placed || value.is_placeholder() {
            continue;
        }
        let Some(expected) = problem(key.value, value.value) else { continue };
        report
            .at(annotated.meta, value.at, format!("`{}` is no value of `{}`", value.value, key.value))
            .label("the pod is refused, or the annotation ignored")
            .help(format!("write {expected}"));
    }
}
