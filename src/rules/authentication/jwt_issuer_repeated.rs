use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::security::RequestAuthentication;
use crate::rules::Report;

/// Two rules for one issuer: fine for several audiences, but often a copy.
pub fn check<'m>(_: &Mesh<'m>, authentication: &'m Object<'m, RequestAuthentication<'m>>, report: &mut Report) {
    let rules = &authentication.spec.jwt_rules;
    for (at, rule) in rules.iter().enumerate() {
        let Some(issuer) = rule.issuer else { continue };
        let Some(earlier) = rules[..at].iter().find(|other| other.issuer == Some(issuer)) else { continue };
        let Some(first) = earlier.issuer else { continue };
        if rule.audiences != earlier.audiences || rule.from_headers.len() != earlier.from_headers.len() {
            continue;
        }
        report
            .at(&authentication.meta, issuer.at, format!("issuer `{}` has two rules", issuer.value))
            .related(first.at, "the other one")
            .help("join the two rules");
    }
}
