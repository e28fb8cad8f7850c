use crate::mesh::Mesh;
use crate::model::Scope;
use crate::rules::Report;

/// Beside objects that say where they belong, one that does not goes wherever `kubectl` happens to point.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    let namespaced = || mesh.resources.metas().filter(|meta| meta.kind.scope() == Scope::Namespaced);
    let Some(example) = namespaced().find(|meta| meta.names_namespace) else { return };
    for meta in namespaced().filter(|meta| !meta.names_namespace) {
        report
            .at(meta, meta.at(), format!("{} `{}` names no namespace", meta.kind.name(), meta.name.value))
            .label("it goes to the namespace that `kubectl` points to")
            .related(example.at(), format!("others do: this one is in `{}`", example.namespace))
            .help("add `metadata.namespace`");
    }
}
