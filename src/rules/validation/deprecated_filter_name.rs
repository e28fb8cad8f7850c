use crate::finding::Edit;
use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::networking::EnvoyFilter;
use crate::rules::Report;

/// Names that filters had before Envoy 1.14, and what they are called now (Envoy's `extension_name_util`, with which
/// istiod compares).
#[rustfmt::skip]
const RENAMED: [(&str, &str); 29] = [
    ("envoy.buffer", "envoy.filters.http.buffer"),
    ("envoy.client_ssl_auth", "envoy.filters.network.client_ssl_auth"),
    ("envoy.cors", "envoy.filters.http.cors"),
    ("envoy.csrf", "envoy.filters.http.csrf"),
    ("envoy.echo", "envoy.filters.network.echo"),
    ("envoy.ext_authz", "envoy.filters.http.ext_authz"),
    ("envoy.fault", "envoy.filters.http.fault"),
    ("envoy.grpc_http1_bridge", "envoy.filters.http.grpc_http1_bridge"),
    ("envoy.grpc_json_transcoder", "envoy.filters.http.grpc_json_transcoder"),
    ("envoy.grpc_web", "envoy.filters.http.grpc_web"),
    ("envoy.gzip", "envoy.filters.http.gzip"),
    ("envoy.health_check", "envoy.filters.http.health_check"),
    ("envoy.http_connection_manager", "envoy.filters.network.http_connection_manager"),
    ("envoy.http_dynamo_filter", "envoy.filters.http.dynamo"),
    ("envoy.ip_tagging", "envoy.filters.http.ip_tagging"),
    ("envoy.listener.http_inspector", "envoy.filters.listener.http_inspector"),
    ("envoy.listener.original_dst", "envoy.filters.listener.original_dst"),
    ("envoy.listener.original_src", "envoy.filters.listener.original_src"),
    ("envoy.listener.proxy_protocol", "envoy.filters.listener.proxy_protocol"),
    ("envoy.listener.tls_inspector", "envoy.filters.listener.tls_inspector"),
    ("envoy.lua", "envoy.filters.http.lua"),
    ("envoy.mongo_proxy", "envoy.filters.network.mongo_proxy"),
    ("envoy.rate_limit", "envoy.filters.http.ratelimit"),
    ("envoy.ratelimit", "envoy.filters.network.ratelimit"),
    ("envoy.rbac", "envoy.filters.http.rbac"),
    ("envoy.redis_proxy", "envoy.filters.network.redis_proxy"),
    ("envoy.router", "envoy.filters.http.router"),
    ("envoy.squash", "envoy.filters.http.squash"),
    ("envoy.tcp_proxy", "envoy.filters.network.tcp_proxy"),
];

/// A match of a filter must name it as Envoy does.
pub fn check<'m>(_: &Mesh<'m>, filter: &'m Object<'m, EnvoyFilter<'m>>, report: &mut Report) {
    for patch in filter.spec.config_patches.iter().filter(|patch| !patch.is_for_waypoints()) {
        let Some(matched) = patch.matched_filter() else { continue };
        let inner = matched.sub_filter.as_ref().and_then(|inner| inner.name);
        for name in matched.name.into_iter().chain(inner) {
            let Some((_, new)) = RENAMED.iter().find(|(old, _)| *old == name.value) else { continue };
            let edit = Edit { at: name.at, text: (*new).to_owned() };
            report
                .at(&filter.meta, name.at, format!("`{}` is an old name of a filter", name.value))
                .label("a later Istio may no longer know it")
                .help(format!("write `{new}`"))
                .fix(format!("replace `{}` by `{new}`", name.value), vec![edit]);
        }
    }
}
