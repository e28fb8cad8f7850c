use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::security::AuthorizationPolicy;
use crate::rules::Report;

use super::fields::may_be_set;

/// A condition compares with something.
pub fn check<'m>(_: &Mesh<'m>, policy: &'m Object<'m, AuthorizationPolicy<'m>>, report: &mut Report) {
    for condition in policy.spec.rules.iter().flat_map(|rule| &rule.when) {
        let Some(key) = condition.key.filter(|key| !key.is_empty()) else { continue };
        if !["values", "notValues"].iter().any(|field| may_be_set(condition.node, field)) {
            report
                .at(&policy.meta, key.at, format!("the condition on `{}` has no values", key.value))
                .help("add `values` or `notValues`");
        }
    }
}
