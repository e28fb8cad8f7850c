use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::virtual_service::VirtualService;
use crate::rules::Report;

use super::fields::is_set;

/// Without attempts there are no retries, however they are configured.
pub fn check<'m>(_: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    for retries in service.spec.http.iter().filter_map(|route| route.retries.as_deref()) {
        let node = retries.node;
        let disabled = match retries.attempts {
            Some(attempts) => attempts.value == 0,
            None => !node.has("attempts"),
        };
        // The field is a wrapper: `false` is set, too.
        let localities = node.has("retryRemoteLocalities").then_some("retryRemoteLocalities");
        let setting = ["perTryTimeout", "retryOn"].into_iter().find(|field| is_set(node, field)).or(localities);
        let (Some(setting), true) = (setting, disabled) else { continue };
        let at = retries.attempts.map(|attempts| attempts.at).or(node.key_at(setting)).unwrap_or(node.head());
        report
            .at(&service.meta, at, format!("`{setting}` is set, but there are no retries"))
            .label("0 attempts, the default here, switch retries off")
            .help(format!("set `attempts`, or remove `{setting}`"));
    }
}
