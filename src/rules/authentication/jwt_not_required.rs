use crate::finding::Severity;
use crate::mesh::Mesh;
use crate::model::Kind;
use crate::model::authorization::Action;
use crate::model::security::{Attached, AuthorizationPolicy};
use crate::rules::Report;

/// A RequestAuthentication refuses bad tokens only. That there is one at all, an AuthorizationPolicy has to demand.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    if mesh.resources.request_authentications.is_empty() || mesh.routes_by_claim() {
        return;
    }
    for authentication in &mesh.resources.request_authentications {
        let namespace = authentication.meta.namespace;
        let spec = &authentication.spec;
        if spec.jwt_rules.is_empty() || !spec.targets().is_empty() {
            continue;
        }
        let selection = mesh.policy_workloads(namespace, spec.selector());
        let demanded = |workload| mesh.authorization_policies(workload).any(|policy| demands_token(&policy.spec));
        let (Some(first), true) = (selection.iter().next(), selection.iter().all(|workload| !demanded(workload)))
        else {
            continue;
        };
        let known = [namespace, mesh.settings.root_namespace];
        let proven = known.into_iter().any(|namespace| mesh.is_complete(Kind::AuthorizationPolicy, namespace));
        let draft = report
            .at(&authentication.meta, authentication.meta.at(), "requests without a token are accepted")
            .label("this refuses invalid tokens only")
            .related(
                first.meta.at(),
                format!("no AuthorizationPolicy demands a token of clients of `{}`", first.title()),
            )
            .help("add an AuthorizationPolicy with `requestPrincipals`");
        if !proven {
            draft.severity(Severity::Info);
        }
    }
}

/// Whether the policy looks at tokens, or leaves that to an external authorizer.
fn demands_token(policy: &AuthorizationPolicy<'_>) -> bool {
    policy.action() == Action::Custom || policy.constraints().any(|list| list.subject.needs_jwt())
}
