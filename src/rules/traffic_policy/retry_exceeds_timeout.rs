use crate::finding::Severity;
use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::virtual_service::VirtualService;
use crate::rules::Report;

/// The timeout of a route ends all tries of a request together.
pub fn check<'m>(_: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    for route in &service.spec.http {
        let Some(retries) = &route.retries else { continue };
        let (Some(timeout), Some(per_try), Some(attempts)) = (route.timeout, retries.per_try_timeout, retries.attempts)
        else {
            continue;
        };
        let (limit, each) = (timeout.nanoseconds(), per_try.nanoseconds());
        let needed = each.saturating_mul(attempts.value.saturating_add(1));
        if limit <= 0 || attempts.value <= 0 || needed <= limit {
            continue;
        }
        let fitting = if each > 0 { limit / each } else { 0 };
        let draft = report
            .at(&service.meta, per_try.at, format!("{} tries do not fit into the timeout", attempts.value + 1))
            .label(match fitting {
                _ if each >= limit => "the timeout ends the first try: there are no retries".to_owned(),
                1 => "only the first try has all of its time".to_owned(),
                tries => format!("only {tries} tries have all of their time"),
            })
            .related(timeout.at, "all tries together have this long")
            .help("lengthen `timeout`, or shorten `perTryTimeout` or `attempts`");
        if each >= limit {
            draft.severity(Severity::Error);
        }
    }
}
