use crate::finding::Severity;
use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::virtual_service::VirtualService;
use crate::rules::Report;

/// Faults should be known.
pub fn check<'m>(_: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    for route in &service.spec.http {
        let Some(fault) = route.fault.as_ref() else { continue };
        let delay = fault.delay.as_ref().and_then(|delay| delay.percentage.as_ref()?.value);
        let abort = fault.abort.as_ref().and_then(|abort| abort.percentage.as_ref()?.value);
        let kinds = [("delayed", delay), ("aborted", abort)];
        for (what, percentage) in kinds {
            let Some(percentage) = percentage.filter(|percentage| percentage.value > 0.0) else { continue };
            let at = route.node.key_at("fault").unwrap_or(route.node.head());
            let text = format!("{} % of the requests of this rule are {what}", percentage.value);
            let draft = report.at(&service.meta, at, text).help("remove it when the test is over");
            if percentage.value >= 100.0 && route.r#match.is_empty() {
                draft.severity(Severity::Warning);
            }
        }
    }
}
