use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::virtual_service::VirtualService;
use crate::rules::Report;

/// Retries must not multiply the load.
pub fn check<'m>(_: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    for route in &service.spec.http {
        let attempts = route.retries.as_ref().and_then(|retries| retries.attempts);
        let Some(attempts) = attempts.filter(|attempts| attempts.value > 5) else { continue };
        let total = attempts.value.saturating_add(1);
        report
            .at(&service.meta, attempts.at, format!("up to {total} requests for one"))
            .label("an overloaded service gets its load many times over")
            .help("retry two or three times");
    }
}
