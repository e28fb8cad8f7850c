use crate::finding::Edit;
use crate::mesh::Mesh;
use crate::model::destination_rule::DestinationRule;
use crate::model::virtual_service::VirtualService;
use crate::model::{Meta, Object, Str};
use crate::rules::Report;

use super::hosts;

/// A short name must not mean a service that is only in another namespace.
pub fn check_virtual_service<'m>(mesh: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    hosts(mesh, service).for_each(|host| check_host(mesh, report, &service.meta, host));
}

/// The same of what a DestinationRule is for.
pub fn check_destination_rule<'m>(mesh: &Mesh<'m>, rule: &'m Object<'m, DestinationRule<'m>>, report: &mut Report) {
    rule.spec.host.into_iter().for_each(|host| check_host(mesh, report, &rule.meta, host));
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
