use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::destination_rule::DestinationRule;
use crate::rules::Report;

use super::governed_services;

/// A DestinationRule should be where someone uses it.
pub fn check<'m>(mesh: &Mesh<'m>, rule: &'m Object<'m, DestinationRule<'m>>, report: &mut Report) {
    let own = rule.meta.namespace;
    let services = governed_services(mesh, rule);
    let Some((host, service)) = rule.spec.host.zip(services.first()) else { return };
    let used = services.iter().any(|service| service.namespace == own)
        || own == mesh.settings.root_namespace
        || mesh.workloads_in(own).next().is_some();
    // Without any workload the input says nothing about clients.
    if used || mesh.workloads.is_empty() || !service.is_kubernetes() {
        return;
    }
    report
        .at(&rule.meta, host.at, format!("only clients in namespace `{own}` use this rule"))
        .label("the input has none there")
        .related(service.at, format!("the service is in namespace `{}`", service.namespace))
        .help("move it to the namespace of the service, or of its clients");
}
