use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::authorization::Action;
use crate::model::security::{Attached, AuthorizationPolicy, Rule};
use crate::rules::Report;

/// A DENY rule without conditions is matched by every request, and no ALLOW policy can make up for it.
pub fn check<'m>(mesh: &Mesh<'m>, policy: &'m Object<'m, AuthorizationPolicy<'m>>, report: &mut Report) {
    if policy.spec.action() != Action::Deny {
        return;
    }
    let Some(rule) = policy.spec.rules.iter().find(|rule| Rule::is_empty(rule)) else { return };
    let whom = match (policy.spec.selector(), policy.spec.targets().is_empty()) {
        (Some(_), _) => "the workloads that it selects".to_owned(),
        (None, false) => "its targets".to_owned(),
        (None, true) if policy.meta.namespace == mesh.settings.root_namespace => "the whole mesh".to_owned(),
        (None, true) => format!("all of namespace `{}`", policy.meta.namespace),
    };
    report
        .at(&policy.meta, rule.node.head(), format!("this rule denies every request to {whom}"))
        .label("an empty rule matches everything; `DENY` comes before `ALLOW`")
        .help(
            "if that is not meant, say in the rule what to deny; to deny all but what is allowed, use an `ALLOW` \
               policy without rules",
        );
}
