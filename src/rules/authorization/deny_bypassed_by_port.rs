use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::authorization::{Action, Subject, matches};
use crate::model::security::AuthorizationPolicy;
use crate::rules::Report;

/// A host is compared with its port, if the client sends one: `host:8080` is not `host`.
pub fn check<'m>(_: &Mesh<'m>, policy: &'m Object<'m, AuthorizationPolicy<'m>>, report: &mut Report) {
    let action = policy.spec.action();
    let forbids = |negated: bool| (action == Action::Deny) != negated && matches!(action, Action::Allow | Action::Deny);
    for list in policy.spec.constraints() {
        if list.subject != Subject::Host || !forbids(list.negated) {
            continue;
        }
        for value in list.values {
            let host = value.value;
            let open = host.is_empty() || host.contains(':') || host.ends_with('*') || value.is_placeholder();
            let sample = format!("{}:8080", host.replace('*', "a"));
            if open || list.values.iter().any(|other| matches(other.value, &sample)) {
                continue;
            }
            report
                .at(&policy.meta, value.at, format!("`{host}` does not match a host with a port"))
                .label(format!("requests for `{host}:8080` get past this"))
                .help(match host.starts_with('*') {
                    true => "list the hosts, each with and without `:*`".to_owned(),
                    false => format!("add `{host}:*`"),
                });
        }
    }
}
