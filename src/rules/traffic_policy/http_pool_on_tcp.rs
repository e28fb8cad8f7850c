use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::destination_rule::DestinationRule;
use crate::rules::Report;

use super::speaks_no_http;

/// Settings for requests need requests.
pub fn check<'m>(mesh: &Mesh<'m>, rule: &'m Object<'m, DestinationRule<'m>>, report: &mut Report) {
    let Some(host) = rule.spec.host else { return };
    for level in rule.spec.levels() {
        let Some(pool) = level.connection_pool.filter(|pool| pool.http.is_some()) else { continue };
        let Some(service) = speaks_no_http(mesh, rule, level.port_number()) else { continue };
        report
            .at(
                &rule.meta,
                pool.node.key_at("http").unwrap_or(pool.node.head()),
                format!("no port of `{}` speaks HTTP", host.value),
            )
            .label("these settings have no effect")
            .related(service.at, "its ports are for TCP")
            .help("use `tcp.maxConnections`, or name the port for HTTP");
    }
}
