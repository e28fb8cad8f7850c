use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::destination_rule::DestinationRule;
use crate::rules::Report;

/// Someone should set the cookie.
pub fn check<'m>(_: &Mesh<'m>, rule: &'m Object<'m, DestinationRule<'m>>, report: &mut Report) {
    for level in rule.spec.levels() {
        let Some(hash) = level.load_balancer.and_then(|balancer| balancer.consistent_hash.as_ref()) else {
            continue;
        };
        let Some(cookie) = hash.http_cookie.as_ref().filter(|cookie| !cookie.node.has("ttl")) else { continue };
        let name = cookie.name.map_or("", |name| name.value);
        report
            .at(
                &rule.meta,
                hash.node.key_at("httpCookie").unwrap_or(cookie.node.head()),
                format!("nobody sets the cookie `{name}`"),
            )
            .label("Envoy does so only with a `ttl`")
            .help("add a `ttl`, unless the application sets the cookie");
    }
}
