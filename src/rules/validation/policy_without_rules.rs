use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::authorization::Action;
use crate::model::security::AuthorizationPolicy;
use crate::rules::Report;

use super::fields::may_be_set;

/// To deny nothing, or to ask about nothing, is surely a mistake.
pub fn check<'m>(_: &Mesh<'m>, policy: &'m Object<'m, AuthorizationPolicy<'m>>, report: &mut Report) {
    let action = policy.spec.action();
    let Some(written) = policy.spec.action else { return };
    if matches!(action, Action::Deny | Action::Custom) && !may_be_set(policy.spec.node, "rules") {
        let at = policy.spec.node.key_at("rules").unwrap_or(written.at);
        report
            .at(&policy.meta, at, format!("action `{}` without rules", action.name()))
            .label("the policy would hold for no request")
            .help("add `rules`; `rules: [{}]` is for every request");
    }
}
