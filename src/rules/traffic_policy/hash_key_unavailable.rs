use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::destination_rule::DestinationRule;
use crate::rules::Report;

use super::speaks_no_http;

/// What is hashed must be there.
pub fn check<'m>(mesh: &Mesh<'m>, rule: &'m Object<'m, DestinationRule<'m>>, report: &mut Report) {
    let Some(host) = rule.spec.host else { return };
    for level in rule.spec.levels() {
        let Some(hash) = level.load_balancer.and_then(|balancer| balancer.consistent_hash.as_ref()) else {
            continue;
        };
        let keys = ["httpHeaderName", "httpCookie", "httpQueryParameterName"];
        let Some(at) = keys.into_iter().find_map(|key| hash.node.key_at(key)) else { continue };
        let Some(service) = speaks_no_http(mesh, rule, level.port_number()) else { continue };
        report
            .at(&rule.meta, at, format!("no port of `{}` speaks HTTP", host.value))
            .label("there is nothing to hash")
            .related(service.at, "its ports are for TCP")
            .help("use `useSourceIp`, or name the port for HTTP");
    }
}
