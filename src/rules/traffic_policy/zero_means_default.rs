use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::destination_rule::DestinationRule;
use crate::rules::Report;

/// A limit of 0 does not say what it seems to say.
pub fn check<'m>(_: &Mesh<'m>, rule: &'m Object<'m, DestinationRule<'m>>, report: &mut Report) {
    for pool in rule.spec.levels().filter_map(|level| level.connection_pool) {
        let tcp = pool.tcp.as_ref().map(|tcp| ("maxConnections", tcp.max_connections));
        let http = pool.http.as_ref().map(|http| {
            [
                ("http1MaxPendingRequests", http.http1_max_pending_requests),
                ("http2MaxRequests", http.http2_max_requests),
                ("maxRetries", http.max_retries),
                ("maxConcurrentStreams", http.max_concurrent_streams),
            ]
        });
        for (name, limit) in tcp.into_iter().chain(http.into_iter().flatten()) {
            let Some(zero) = limit.filter(|limit| limit.value == 0) else { continue };
            report
                .at(&rule.meta, zero.at, format!("0 means the default: `{name}` sets no limit"))
                .help("write the limit that is meant, or remove it");
        }
    }
}
