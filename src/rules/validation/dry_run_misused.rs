use crate::mesh::Mesh;
use crate::model::authorization::Action;
use crate::model::security::AuthorizationPolicy;
use crate::model::{Kind, Meta, Object, Str};
use crate::rules::Report;

const ANNOTATION: &str = "istio.io/dry-run";

/// What Go's `strconv.ParseBool` reads.
const BOOLEANS: [&str; 12] = ["1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False"];

/// Only AuthorizationPolicies that allow or deny can be tried out.
pub fn check_object<'m>(_: &Mesh<'m>, meta: &'m Meta<'m>, report: &mut Report) {
    if !meta.kind.group().ends_with(".istio.io") || meta.kind == Kind::AuthorizationPolicy {
        return;
    }
    let Some((key, _)) = annotation(meta) else { return };
    report
        .at(meta, key.at, format!("`{ANNOTATION}` is for AuthorizationPolicies only"))
        .label(format!("Istio refuses the {} with it", meta.kind.name()))
        .help("remove it");
}

/// And these say so in one way only.
pub fn check_policy<'m>(_: &Mesh<'m>, policy: &'m Object<'m, AuthorizationPolicy<'m>>, report: &mut Report) {
    let Some((key, value)) = annotation(&policy.meta) else { return };
    let action = policy.spec.action();
    if matches!(action, Action::Audit | Action::Custom) {
        report
            .at(&policy.meta, key.at, format!("`{ANNOTATION}` does not go with action `{}`", action.name()))
            .help("remove it: only `ALLOW` and `DENY` can be tried out");
    } else if !is_boolean(value) {
        report
            .at(&policy.meta, value.at, format!("`{}` is neither true nor false", value.value))
            .help("write `\"true\"` or `\"false\"`");
    }
}

fn annotation<'m>(meta: &'m Meta<'m>) -> Option<(&'m Str<'m>, &'m Str<'m>)> {
    meta.annotations.iter().find(|(key, _)| key.value == ANNOTATION)
}

fn is_boolean(value: &Str<'_>) -> bool {
    value.is_placeholder() || BOOLEANS.contains(&value.value)
}
