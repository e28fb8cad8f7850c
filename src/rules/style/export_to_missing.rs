use crate::mesh::Mesh;
use crate::model::{Meta, Str};
use crate::rules::Report;

/// Resources without `exportTo` are for all namespaces, unless the mesh says otherwise.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    let settings = &mesh.settings;
    for service in mesh.resources.virtual_services.iter().filter(|service| service.spec.export_to.is_empty()) {
        check_default(&service.meta, &settings.default_virtual_service_export_to, report);
    }
    for rule in mesh.resources.destination_rules.iter().filter(|rule| rule.spec.export_to.is_empty()) {
        check_default(&rule.meta, &settings.default_destination_rule_export_to, report);
    }
    for entry in mesh.resources.service_entries.iter().filter(|entry| entry.spec.export_to.is_empty()) {
        check_default(&entry.meta, &settings.default_service_export_to, report);
    }
}

fn check_default(meta: &Meta<'_>, default: &[Str<'_>], report: &mut Report) {
    if !default.is_empty() && default.iter().all(|entry| entry.value != "*") {
        return;
    }
    report
        .at(meta, meta.at(), format!("`{}` has no `exportTo`", meta.name.value))
        .label("every namespace of the mesh sees it")
        .help("list the namespaces of the clients, `.` for its own, or `*` for all");
}
