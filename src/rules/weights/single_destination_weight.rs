use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::virtual_service::VirtualService;
use crate::rules::Report;

/// Istio does not look at the weight of a single destination.
pub fn check<'m>(_: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    for split in service.spec.splits() {
        let [share] = split.shares.as_slice() else { continue };
        let Some(weight) = share.weight.filter(|weight| (0..100).contains(&weight.value)) else { continue };
        report
            .at(&service.meta, weight.at, format!("weight {} of a single destination", weight.value))
            .label("is not looked at: all requests go there")
            .help("remove the weight, or add the destination of the rest");
    }
}
