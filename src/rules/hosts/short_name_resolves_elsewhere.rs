use crate::finding::Edit;
use crate::mesh::Mesh;
use crate::model::{Meta, Str};
use crate::rules::Report;

/// A short name must not mean a service that is only in another namespace.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for service in &mesh.resources.virtual_services {
        if mesh.applies_to_sidecars(&service.spec) {
            for host in &service.spec.hosts {
                check_host(mesh, report, &service.meta, *host);
            }
        }
        for target in mesh.targets(service) {
            check_host(mesh, report, &service.meta, target.host);
        }
    }
    for rule in &mesh.resources.destination_rules {
        if let Some(host) = rule.spec.host {
            check_host(mesh, report, &rule.meta, host);
        }
    }
}

fn check_host(mesh: &Mesh<'_>, report: &mut Report, meta: &Meta<'_>, host: Str<'_>) {
    let Some(elsewhere) = mesh.elsewhere(host.value, meta.namespace) else { return };
    let (name, full) = (host.value, elsewhere.host.clone());
    report
        .at(meta, host.at, format!("`{name}` means a service of namespace `{}`, which has none", meta.namespace))
        .label(format!("completed to `{}`", mesh.full_name(name, meta.namespace)))
        .related(elsewhere.at, format!("`{name}` is in namespace `{}`", elsewhere.namespace))
        .help(format!("write `{full}`"))
        .fix(format!("replace `{name}` by `{full}`"), vec![Edit { at: host.at, text: full }]);
}
