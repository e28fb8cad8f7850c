use crate::mesh::Mesh;
use crate::rules::Report;

/// Istio does not look at the weight of a single destination.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for service in &mesh.resources.virtual_services {
        for split in service.spec.splits() {
            let [share] = split.shares.as_slice() else { continue };
            let Some(weight) = share.weight.filter(|weight| (0..100).contains(&weight.value)) else { continue };
            report
                .at(&service.meta, weight.at, format!("weight {} of a single destination", weight.value))
                .label("is not looked at: all requests go there")
                .help("remove the weight, or add the destination of the rest");
        }
    }
}
