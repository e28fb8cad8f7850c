use crate::finding::Edit;
use crate::mesh::Mesh;
use crate::model::destination_rule::DestinationRule;
use crate::model::virtual_service::VirtualService;
use crate::model::{Meta, Object, Str};
use crate::rules::Report;

use super::hosts;

/// A host must not be `name.namespace` or `name.namespace.svc` of a Service.
pub fn check_virtual_service<'m>(mesh: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    hosts(mesh, service).for_each(|host| check_host(mesh, report, &service.meta, host));
}

/// The same of what a DestinationRule is for.
pub fn check_destination_rule<'m>(mesh: &Mesh<'m>, rule: &'m Object<'m, DestinationRule<'m>>, report: &mut Report) {
    rule.spec.host.into_iter().for_each(|host| check_host(mesh, report, &rule.meta, host));
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
