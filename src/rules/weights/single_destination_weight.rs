use crate::mesh::Mesh;
use crate::rules::Report;

/// Istio does not look at the weight of a single destination.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for service in &mesh.resources.virtual_services {
        for route in service.spec.weighted_routes() {
            let [(_, Some(weight))] = route[..] else { continue };
            if !(1..100).contains(&weight.value) {
                continue;
            }
            report
                .at(&service.meta, weight.at, format!("weight {} of a single destination", weight.value))
                .label("is not looked at: all requests go there")
                .help("remove the weight, or add the destination of the rest");
        }
    }
}
