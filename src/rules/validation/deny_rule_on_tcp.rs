use crate::mesh::Mesh;
use crate::model::authorization::{Action, Subject};
use crate::model::security::{AuthorizationPolicy, Rule};
use crate::model::{Meta, Object};
use crate::rules::Report;

/// Of rules that deny, only what TCP has is left for connections that are not HTTP.
pub fn check<'m>(_: &Mesh<'m>, policy: &'m Object<'m, AuthorizationPolicy<'m>>, report: &mut Report) {
    if !(policy.spec.action() == Action::Deny) {
        return;
    }
    policy.spec.rules.iter().for_each(|rule| denied(&policy.meta, rule, report));
}

/// As `validateAuthorizationPolicy` of istiod has it: it looks at no conditions.
fn denied(meta: &Meta<'_>, rule: &Rule<'_>, report: &mut Report) {
    use Subject::{Namespace, Port, Principal, RemoteIp, ServiceAccount, SourceIp};
    let tcp = [Namespace, Principal, RemoteIp, ServiceAccount, SourceIp];
    let sources: Vec<_> = rule.sources().flat_map(|source| source.constraints()).collect();
    let operations: Vec<_> = rule.operations().flat_map(|operation| operation.constraints()).collect();
    let from = rule.to.is_empty() && !rule.from.is_empty();
    let culprit = match (from, operations.first()) {
        (true, _) if !sources.iter().any(|source| tcp.contains(&source.subject)) => sources.first(),
        (false, Some(first)) if !operations.iter().any(|operation| operation.subject == Port) => Some(first),
        _ => None,
    };
    if let Some(culprit) = culprit {
        report
            .at(meta, culprit.at, format!("`{}` is for HTTP only, and the rule denies", culprit.name))
            .label("on TCP ports the rule loses it, and denies all that is left")
            .help("add `ports` to the operation, so that the rule is for HTTP ports only");
    }
}
