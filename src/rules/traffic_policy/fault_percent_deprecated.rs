use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::virtual_service::VirtualService;
use crate::rules::Report;

/// `percent` of a delay is the old form of `percentage`.
pub fn check<'m>(_: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    for route in &service.spec.http {
        let Some(delay) = route.fault.as_ref().and_then(|fault| fault.delay.as_ref()) else { continue };
        let Some(percent) = delay.percent.filter(|percent| percent.value > 0) else { continue };
        let at = delay.node.key_at("percent").unwrap_or(percent.at);
        report
            .at(&service.meta, at, "`percent` of a delay is deprecated")
            .help(format!("write `percentage: {{value: {}}}`", percent.value));
    }
}
