use crate::finding::Severity;
use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::authorization::Action;
use crate::model::security::{Attached, AuthorizationPolicy, Rule};
use crate::rules::Report;

/// An ALLOW rule that every request matches makes all other ALLOW rules of the same workloads pointless.
pub fn check<'m>(mesh: &Mesh<'m>, policy: &'m Object<'m, AuthorizationPolicy<'m>>, report: &mut Report) {
    if policy.spec.action() != Action::Allow || !policy.spec.targets().is_empty() {
        return;
    }
    let Some(rule) = policy.spec.rules.iter().find(|rule| matches_everything(rule)) else { return };
    let selection = mesh.policy_workloads(policy.meta.namespace, policy.spec.selector());
    let other = selection.iter().flat_map(|workload| mesh.authorization_policies(workload)).find(|other| {
        other.meta.name.at != policy.meta.name.at
            && other.spec.action() == Action::Allow
            && !other.spec.rules.is_empty()
    });
    let draft = report.at(&policy.meta, rule.node.head(), "this rule allows every request");
    match other {
        Some(other) => draft
            .label("the rules of other `ALLOW` policies no longer restrict anything")
            .related(other.meta.at(), "this policy has no effect on the same workloads")
            .help("say in the rule which requests it is for, or remove the other policies"),
        None => draft
            .severity(Severity::Info)
            .label("an empty rule matches everything")
            .help("say in the rule which requests it is for, or remove the policy: without any, all is allowed"),
    };
}

/// Whether the rule is empty, or any value will do for all that it asks for.
fn matches_everything(rule: &Rule<'_>) -> bool {
    let any_operation = || {
        rule.operations().any(|operation| {
            let mut constraints = operation.constraints().into_iter();
            constraints
                .all(|list| list.subject.is_http() && !list.negated && list.values.iter().any(|v| v.value == "*"))
        })
    };
    rule.is_empty() || rule.from.is_empty() && rule.when.is_empty() && any_operation()
}
