use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::destination_rule::DestinationRule;
use crate::rules::Report;

/// Connections should be reused.
pub fn check<'m>(_: &Mesh<'m>, rule: &'m Object<'m, DestinationRule<'m>>, report: &mut Report) {
    for pool in rule.spec.levels().filter_map(|level| level.connection_pool) {
        let limit = pool.http.as_ref().and_then(|http| http.max_requests_per_connection);
        let Some(one) = limit.filter(|limit| limit.value == 1) else { continue };
        report
            .at(&rule.meta, one.at, "connections are not reused")
            .label("each request pays for a new connection and its handshake")
            .help("remove it, unless the servers need it");
    }
}
