use crate::format::Jwks;
use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::security::RequestAuthentication;
use crate::rules::Report;

/// A key set without keys, and a key outside of a set, are key sets for istiod, but not for Envoy.
pub fn check<'m>(_: &Mesh<'m>, policy: &'m Object<'m, RequestAuthentication<'m>>, report: &mut Report) {
    for jwks in policy.spec.jwt_rules.iter().filter_map(|rule| rule.jwks) {
        let Ok(set) = Jwks::parse(jwks.value) else { continue };
        let (message, help) = match set.keys() {
            [] => ("the key set has no keys", "add the issuer's public keys, or name their address in `jwksUri`"),
            _ if set.is_single() => ("this is a key, and no key set", "write `{\"keys\": [ … ]}` around it"),
            _ => continue,
        };
        report.at(&policy.meta, jwks.at, message).label("Envoy refuses the listeners with this policy").help(help);
    }
}
