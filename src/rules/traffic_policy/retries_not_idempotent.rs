use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::virtual_service::VirtualService;
use crate::rules::Report;

/// Requests that change something must not be retried once they have arrived.
pub fn check<'m>(_: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    for route in &service.spec.http {
        let Some(retries) = route.retries.as_ref() else { continue };
        let Some(retry_on) = retries.retry_on else { continue };
        if retries.attempts.is_none_or(|attempts| attempts.value <= 0) || route.r#match.is_empty() {
            continue;
        }
        let changing = |method: &str| ["POST", "PATCH"].contains(&method);
        let mut methods = route.r#match.iter().map(|request| request.method.as_deref()?.exact.map(|exact| exact.value));
        let Some(method) = methods.clone().next().flatten().filter(|_| methods.all(|own| own.is_some_and(changing)))
        else {
            continue;
        };
        let mut conditions = retry_on.value.split(',').map(str::trim);
        let Some(condition) = conditions.find(|condition| is_late(condition)) else { continue };
        report
            .at(&service.meta, retry_on.at, format!("`{method}` is sent again after `{condition}`"))
            .label("the server may have done its work already")
            .help("retry only on `connect-failure,refused-stream`");
    }
}

/// Whether the request may have reached the server.
fn is_late(condition: &str) -> bool {
    ["5xx", "gateway-error", "reset", "retriable-4xx"].contains(&condition)
        || condition.parse::<u16>().is_ok_and(|code| code >= 500)
}
