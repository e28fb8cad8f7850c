use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::virtual_service::VirtualService;
use crate::rules::Report;

/// A VirtualService for sidecars and gateways should say of every rule which of them it is for, or of none.
pub fn check<'m>(mesh: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    if service.spec.gateways.is_empty() || !mesh.applies_to_sidecars(&service.spec) {
        return;
    }
    let has_gateway = mesh.bound_gateways(service).next().is_some();
    let rules = service.spec.rules();
    let (open, narrowed): (Vec<_>, Vec<_>) = rules.iter().partition(|rule| rule.applies(|_| false));
    let (Some(open), Some(narrowed), true) = (open.first(), narrowed.first(), has_gateway) else { return };
    report
        .at(&service.meta, open.node.head(), "this rule is for sidecars and for gateways")
        .label("its matches name no gateways, unlike others")
        .related(narrowed.node.head(), "this one is for some only")
        .help("write the `gateways` of each match, or a VirtualService for each");
}
