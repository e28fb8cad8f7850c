use crate::finding::Severity;
use crate::mesh::Mesh;
use crate::model::authorization::{Action, Constraint};
use crate::model::security::{Attached, AuthorizationPolicy};
use crate::model::{Kind, Object};
use crate::rules::Report;

/// Claims of a token are known only where a RequestAuthentication checks tokens.
pub fn check<'m>(mesh: &Mesh<'m>, policy: &'m Object<'m, AuthorizationPolicy<'m>>, report: &mut Report) {
    let Some(list) = policy.spec.constraints().find(|list| list.subject.needs_jwt()) else { return };
    let Some(place) = unchecked(mesh, policy) else { return };
    let known = [policy.meta.namespace, mesh.settings.root_namespace];
    let proven = known.into_iter().any(|namespace| mesh.is_complete(Kind::RequestAuthentication, namespace));
    let draft = report
        .at(&policy.meta, list.at, format!("`{}` needs a token, but none is checked", list.name))
        .label(effect(policy.spec.action(), &list))
        .related(place.0, place.1)
        .help("add a RequestAuthentication for the same workloads");
    if !proven {
        draft.severity(Severity::Info);
    }
}

/// Where no RequestAuthentication holds that the policy could rely on.
fn unchecked<'m>(
    mesh: &Mesh<'m>,
    policy: &Object<'m, AuthorizationPolicy<'m>>,
) -> Option<(crate::source::Span, String)> {
    let targets = policy.spec.targets();
    if targets.is_empty() {
        let selection = mesh.policy_workloads(policy.meta.namespace, policy.spec.selector());
        let workload = selection.iter().find(|workload| mesh.request_authentications(workload).next().is_none())?;
        let text = format!("no RequestAuthentication holds for `{}`", workload.title());
        return Some((workload.meta.at(), text));
    }
    let target = targets.into_iter().find(|target| !mesh.may_check_tokens(policy.meta.namespace, target))?;
    let name = target.name?;
    Some((name.at, format!("no RequestAuthentication has the target `{}`", name.value)))
}

fn effect(action: Action, list: &Constraint<'_, '_>) -> &'static str {
    match (action, list.negated) {
        (Action::Allow, false) => "no request matches: none is allowed by this rule",
        (Action::Allow, true) => "every request matches",
        (_, false) => "no request matches: none is denied by this rule",
        (_, true) => "every request matches: all are denied",
    }
}
