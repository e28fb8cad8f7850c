use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::authorization::Action;
use crate::model::security::{Attached, AuthorizationPolicy};
use crate::rules::Report;

/// An ALLOW policy without rules denies whatever no other ALLOW policy allows. Where none does, nothing gets through.
pub fn check<'m>(mesh: &Mesh<'m>, policy: &'m Object<'m, AuthorizationPolicy<'m>>, report: &mut Report) {
    let empty = policy.spec.rules.is_empty() && policy.spec.action() == Action::Allow;
    if !empty || !policy.spec.targets().is_empty() {
        return;
    }
    let allowed = |workload| {
        let mut policies = mesh.authorization_policies(workload);
        policies.any(|other| other.spec.action() == Action::Allow && !other.spec.rules.is_empty())
    };
    let selection = mesh.policy_workloads(policy.meta.namespace, policy.spec.selector());
    let stuck: Vec<_> = selection.iter().filter(|workload| !allowed(workload)).collect();
    let (Some(first), true) = (stuck.first(), policy.spec.selector().is_some() || stuck.len() == selection.len())
    else {
        return;
    };
    let others = match stuck.len() {
        1 => String::new(),
        count => format!(" and {} others", count - 1),
    };
    report
        .at(&policy.meta, policy.meta.at(), "this policy has no rules and denies every request")
        .label("an `ALLOW` policy that allows nothing")
        .related(first.meta.at(), format!("nothing reaches `{}`{others}: no `ALLOW` policy lets it", first.title()))
        .help("add `ALLOW` policies for what is to be reached");
}
