use crate::format::Jwks;
use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::security::RequestAuthentication;
use crate::rules::Report;

/// Whoever reads a private key can sign tokens.
pub fn check<'m>(_: &Mesh<'m>, policy: &'m Object<'m, RequestAuthentication<'m>>, report: &mut Report) {
    for jwks in policy.spec.jwt_rules.iter().filter_map(|rule| rule.jwks) {
        if Jwks::parse(jwks.value).is_ok_and(|set| set.keys().iter().any(|key| key.is_secret)) {
            report
                .at(&policy.meta, jwks.at, "the key set holds a key that can sign")
                .label("whoever can read this resource can issue tokens")
                .help("keep only the public half (without `d`), and replace the key");
        }
    }
}
