use crate::finding::nearest;
use crate::mesh::Mesh;
use crate::model::{Meta, Str};
use crate::rules::Report;

/// Namespaces in `exportTo` that do not exist.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    let resources = mesh.resources;
    let services = resources.virtual_services.iter().map(|object| (&object.meta, &object.spec.export_to));
    let rules = resources.destination_rules.iter().map(|object| (&object.meta, &object.spec.export_to));
    let entries = resources.service_entries.iter().map(|object| (&object.meta, &object.spec.export_to));
    for (meta, export_to) in services.chain(rules).chain(entries) {
        for entry in export_to {
            check_entry(mesh, report, meta, *entry);
        }
    }
}

fn check_entry(mesh: &Mesh<'_>, report: &mut Report, meta: &Meta<'_>, entry: Str<'_>) {
    if [".", "*", "~", ""].contains(&entry.value) || entry.is_placeholder() {
        return;
    }
    if !mesh.namespace_reference(entry.value).is_missing() {
        return;
    }
    let draft =
        report.at(meta, entry.at, format!("namespace `{}` not found", entry.value)).label("nobody sees it there");
    match nearest(entry.value, mesh.namespaces()) {
        Some(near) => draft.help(format!("did you mean `{near}`?")),
        None => draft.help("create the namespace, or correct its name"),
    };
}
