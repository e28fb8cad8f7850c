use crate::mesh::Mesh;
use crate::model::authorization::Action;
use crate::model::{Kind, Str};
use crate::rules::Report;

const ANNOTATION: &str = "istio.io/dry-run";

/// What Go's `strconv.ParseBool` reads.
const BOOLEANS: [&str; 12] = ["1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False"];

/// Only AuthorizationPolicies that allow or deny can be tried out.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    let others = |kind: Kind| kind.group().ends_with(".istio.io") && kind != Kind::AuthorizationPolicy;
    for meta in mesh.resources.metas().filter(|meta| others(meta.kind)) {
        let Some((key, _)) = meta.annotations.iter().find(|(key, _)| key.value == ANNOTATION) else { continue };
        report
            .at(meta, key.at, format!("`{ANNOTATION}` is for AuthorizationPolicies only"))
            .label(format!("Istio refuses the {} with it", meta.kind.name()))
            .help("remove it");
    }
    for policy in &mesh.resources.authorization_policies {
        let Some((key, value)) = policy.meta.annotations.iter().find(|(key, _)| key.value == ANNOTATION) else {
            continue;
        };
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
}

fn is_boolean(value: &Str<'_>) -> bool {
    value.is_placeholder() || BOOLEANS.contains(&value.value)
}
