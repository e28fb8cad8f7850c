use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::virtual_service::VirtualService;
use crate::rules::Report;

/// Codes that are to be retried must be named.
pub fn check<'m>(_: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    for route in &service.spec.http {
        let Some(retry_on) = route.retries.as_ref().and_then(|retries| retries.retry_on) else { continue };
        let conditions: Vec<_> = retry_on.value.split(',').map(str::trim).collect();
        let has_code = conditions.iter().any(|condition| condition.parse::<u16>().is_ok());
        if conditions.contains(&"retriable-status-codes") && !has_code {
            report
                .at(&service.meta, retry_on.at, "no code to retry is given")
                .label("`retriable-status-codes` alone retries nothing")
                .help("add the codes, as in `retriable-status-codes,503`");
        }
    }
}
