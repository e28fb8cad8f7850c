use crate::mesh::Mesh;
use crate::rules::Report;

/// Without a percentage no request gets the fault.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for service in &mesh.resources.virtual_services {
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
}
