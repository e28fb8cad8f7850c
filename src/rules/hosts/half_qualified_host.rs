use crate::finding::Edit;
use crate::mesh::Mesh;
use crate::model::{Meta, Str};
use crate::rules::Report;

/// A host must not be `name.namespace` or `name.namespace.svc` of a Service.
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
    let Some(full) = mesh.half_qualified(host.value) else { return };
    // A ServiceEntry may have that very name.
    if mesh.services_named(host.value).next().is_some() {
        return;
    }
    report
        .at(meta, host.at, format!("`{}` is not the name of a service", host.value))
        .label("a name with a dot is not completed")
        .help(format!("write `{full}`"))
        .fix(format!("replace `{}` by `{full}`", host.value), vec![Edit { at: host.at, text: full }]);
}
