use crate::format::SpiffeId;
use crate::mesh::Mesh;
use crate::model::authorization::Subject;
use crate::rules::Report;

/// A principal of a trust domain that the MeshConfig does not have.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    if mesh.settings.config.is_none() {
        return;
    }
    for policy in &mesh.resources.authorization_policies {
        for list in policy.spec.constraints().filter(|list| list.subject == Subject::Principal) {
            for value in list.values.iter().filter(|value| !value.value.contains('*') && !value.is_placeholder()) {
                let full = format!("spiffe://{}", value.value);
                let Ok(id) = SpiffeId::parse(&full) else { continue };
                if id.workload().is_none() || mesh.settings.trusts(id.trust_domain()) {
                    continue;
                }
                let own = mesh.settings.trust_domain;
                report
                    .at(&policy.meta, value.at, format!("trust domain `{}` is not one of the mesh", id.trust_domain()))
                    .label(format!("clients of the mesh have identities of `{own}`"))
                    .help(format!("write `{own}`, or add the domain to `trustDomainAliases` of the MeshConfig"));
            }
        }
    }
}
