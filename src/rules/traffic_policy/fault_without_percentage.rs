use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::virtual_service::VirtualService;
use crate::rules::Report;

/// Without a percentage no request gets the fault.
pub fn check<'m>(_: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    for route in &service.spec.http {
        let Some(fault) = &route.fault else { continue };
        let delay = fault.delay.as_ref().map(|delay| ("delay", delay.node));
        let abort = fault.abort.as_ref().map(|abort| ("abort", abort.node));
        for (name, node) in delay.into_iter().chain(abort) {
            if node.has("percentage") || node.has("percent") {
                continue;
            }
            let at = route.node.key_at("fault").unwrap_or(service.meta.at());
            report
                .at(&service.meta, at, format!("{name} without `percentage`"))
                .label("no request is affected: the default is 0 %")
                .related(fault.node.key_at(name).unwrap_or(at), "the percentage belongs here")
                .help("write `percentage: {value: 100}`, or whatever is meant");
        }
    }
}
