use rustc_hash::FxHashSet;

use crate::finding::nearest;
use crate::mesh::Mesh;
use crate::model::label_selector::LabelSelector;
use crate::rules::Report;

use super::webhooks::injectors;

/// A namespace of a revision for which no webhook injects.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    let mut selected = FxHashSet::default();
    for injector in injectors(mesh) {
        for selector in injector.namespaces.iter().chain(&injector.objects) {
            selected.extend(revisions(selector));
        }
    }
    if selected.is_empty() {
        return;
    }
    for namespace in &mesh.resources.namespaces {
        let Some(revision) = namespace.meta.labels.get("istio.io/rev") else { continue };
        let ambient = namespace.meta.labels.text("istio.io/dataplane-mode") == Some("ambient");
        if ambient || selected.contains(revision.value) || revision.is_placeholder() || revision.is_empty() {
            continue;
        }
        let draft = report
            .at(&namespace.meta, revision.at, format!("no webhook injects for revision `{}`", revision.value))
            .label("pods get no proxy");
        match nearest(revision.value, selected.iter().copied()) {
            Some(near) => draft.help(format!("did you mean `{near}`?")),
            None => draft.help("name a revision, or a tag, that is installed"),
        };
    }
}

/// The revisions that a selector of a webhook names.
pub(super) fn revisions<'s, 'm>(selector: &'s LabelSelector<'m>) -> impl Iterator<Item = &'m str> + 's {
    let exact = selector.match_labels.text("istio.io/rev");
    let expressions = selector.match_expressions.iter();
    let own = expressions.filter(|expression| expression.key.is_some_and(|key| key.value == "istio.io/rev"));
    exact.into_iter().chain(own.flat_map(|expression| expression.values.iter().map(|value| value.value)))
}
