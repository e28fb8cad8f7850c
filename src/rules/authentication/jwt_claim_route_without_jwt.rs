use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::virtual_service::VirtualService;
use crate::rules::Report;

/// Routes that ask for a claim need a RequestAuthentication on the gateway.
pub fn check<'m>(mesh: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    let Some((field, claim)) = service.spec.claims().next() else { return };
    for bound in mesh.bound_gateways(service) {
        let Some(gateway) = bound.gateway.found() else { continue };
        let selection = mesh.gateway_workloads(gateway);
        let unchecked = selection.iter().find(|workload| mesh.request_authentications(workload).next().is_none());
        let Some(workload) = unchecked else { continue };
        report
            .at(&service.meta, field, format!("`{}` is never there: the gateway checks no tokens", claim.value))
            .label("this never matches")
            .related(bound.text.at, "the route is for this gateway")
            .related(workload.meta.at(), format!("no RequestAuthentication holds for `{}`", workload.title()))
            .help(format!("add a RequestAuthentication for the gateway, in namespace `{}`", workload.namespace));
    }
}
