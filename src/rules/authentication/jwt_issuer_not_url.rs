use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::security::RequestAuthentication;
use crate::rules::Report;

/// Without keys Istio looks for them where the issuer says, which must be a URL then.
pub fn check<'m>(_: &Mesh<'m>, authentication: &'m Object<'m, RequestAuthentication<'m>>, report: &mut Report) {
    for rule in &authentication.spec.jwt_rules {
        let Some(issuer) = rule.issuer.filter(|issuer| !issuer.is_empty() && !issuer.is_placeholder()) else {
            continue;
        };
        let keys = rule.jwks.is_some() || rule.jwks_uri.is_some() || rule.node.has("jwks_uri");
        let is_url = ["https://", "http://"].iter().any(|scheme| issuer.value.starts_with(scheme));
        if keys || is_url {
            continue;
        }
        report
            .at(&authentication.meta, issuer.at, format!("the keys of `{}` cannot be found", issuer.value))
            .label("not a URL, and neither `jwksUri` nor `jwks` is given: tokens of this issuer are refused")
            .help("add `jwksUri`");
    }
}
