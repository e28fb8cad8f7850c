use crate::format::PathPattern;
use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::authorization::{Action, Subject, matches};
use crate::model::security::AuthorizationPolicy;
use crate::rules::Report;

/// Most servers take `/admin/` for `/admin`; an exact path does not.
pub fn check<'m>(_: &Mesh<'m>, policy: &'m Object<'m, AuthorizationPolicy<'m>>, report: &mut Report) {
    let action = policy.spec.action();
    let forbids = |negated: bool| (action == Action::Deny) != negated && matches!(action, Action::Allow | Action::Deny);
    for list in policy.spec.constraints() {
        if list.subject != Subject::Path || !forbids(list.negated) {
            continue;
        }
        for value in list.values {
            let path = value.value;
            let template = PathPattern::parse(path).is_ok_and(PathPattern::is_template);
            let exact = path.starts_with('/') && !path.ends_with(['*', '/']) && !template;
            let slashed = format!("{path}/");
            if !exact || value.is_placeholder() || list.values.iter().any(|other| covers(other.value, &slashed)) {
                continue;
            }
            report
                .at(&policy.meta, value.at, format!("`{path}` does not match `{slashed}`"))
                .label(format!("requests for `{slashed}` and what is below get past this"))
                .help(format!("add `{slashed}*`"));
        }
    }
}

fn covers(value: &str, path: &str) -> bool {
    matches(value, path) || value.strip_suffix("{**}").is_some_and(|prefix| path.starts_with(prefix))
}
