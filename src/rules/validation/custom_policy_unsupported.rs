use crate::mesh::Mesh;
use crate::model::authorization::{Action, Subject};
use crate::rules::Report;

/// With `CUSTOM` the rules only choose which requests the external service sees, and it comes before all that tells who the
/// client is.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    use Subject::{Namespace, Principal, RequestClaim, RequestPrincipal, ServiceAccount, TrustDomain};
    let custom = mesh.resources.authorization_policies.iter().filter(|policy| policy.spec.action() == Action::Custom);
    for policy in custom {
        for constraint in policy.spec.constraints() {
            let identity = [Namespace, Principal, RequestClaim, RequestPrincipal, ServiceAccount, TrustDomain];
            if identity.contains(&constraint.subject) {
                report
                    .at(&policy.meta, constraint.at, format!("`{}` cannot be asked for with `CUSTOM`", constraint.name))
                    .label("the external service is asked before the client is known")
                    .help("ask for it in another policy with `ALLOW` or `DENY`");
            }
        }
    }
}
