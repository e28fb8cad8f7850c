//! Fields of the configuration that the proxy does not read.

use crate::envoy::{Message, untyped_fields};

/// Fields without a type that are executed all the same, or that change nothing that clients and upstreams see, by the last
/// part of the name of their message.
const NO_MATTER: &[(&str, &[&str])] = &[
    (
        "Bootstrap",
        &[
            "cluster_manager",
            "config_dump_allowlist",
            "default_socket_interface",
            "deferred_stat_options",
            "enable_dispatcher_stats",
            "header_prefix",
            "memory_allocator_manager",
            "node_context_params",
            "perf_tracing_file_path",
            "stats_config",
            "stats_flush_interval",
            "stats_flush_on_admin",
            "stats_server_version_override",
            "stats_sinks",
            "use_tcp_for_dns_lookups",
            "watchdogs",
        ],
    ),
    ("Admin", &["access_log", "access_log_path", "ignore_global_conn_limit", "profile_path", "socket_options"]),
    (
        "Listener",
        &[
            "additional_addresses_stats_prefix",
            "bypass_overload_manager",
            "connection_balance_config",
            "drain_type",
            "enable_mptcp",
            "ignore_global_conn_limit",
            "metadata",
            "socket_options",
            "tcp_fast_open_queue_length",
        ],
    ),
    ("HttpConnectionManager", &["access_log_options", "http3_protocol_options", "use_remote_address_for_stats"]),
    ("Http1ProtocolOptions", &["allow_custom_methods", "use_balsa_parser"]),
    ("HeaderKeyFormat", &["proper_case_words"]),
    (
        "Http2ProtocolOptions",
        &[
            "allow_connect",
            "hpack_table_size",
            "max_consecutive_inbound_frames_with_empty_payload",
            "max_inbound_priority_frames_per_stream",
            "max_inbound_window_update_frames_per_data_frame_sent",
            "max_outbound_control_frames",
            "max_outbound_frames",
            "use_oghttp2_codec",
        ],
    ),
    ("RouteConfiguration", &["metadata"]),
    ("VirtualHost", &["metadata", "virtual_clusters"]),
    ("Route", &["tracing"]),
    ("RouteAction", &["early_data_policy"]),
    ("Router", &["dynamic_stats", "start_child_span", "suppress_grpc_request_failure_code_stats"]),
    (
        "Cluster",
        &[
            "common_http_protocol_options",
            "dns_failure_refresh_rate",
            "dns_query_timeout",
            "http2_protocol_options",
            "http_protocol_options",
            "lb_subset_config",
            "load_balancing_policy",
            "lrs_server",
            "max_requests_per_connection",
            "observability_name",
            "preconnect_policy",
            "protocol_selection",
            "track_cluster_stats",
            "track_timeout_budgets",
            "upstream_http_protocol_options",
            "wait_for_warm_on_init",
        ],
    ),
    ("CommonLbConfig", &["consistent_hashing_lb_config"]),
    ("OutlierDetection", &["enforcing_failure_percentage_local_origin"]),
    ("Policy", &["endpoint_stale_after"]),
];

/// The fields of a message and of those within it that change nothing, each with the message that it is a field of.
pub fn unread(message: &impl Message) -> impl Iterator<Item = (&'static str, String)> {
    let last = |name: &'static str| name.rsplit('.').next().unwrap_or(name);
    let fields = untyped_fields(message).into_iter().map(move |(message, field)| (last(message), field));
    fields.filter(|(message, field)| {
        let known = NO_MATTER.iter().find(|(own, _)| own == message);
        !known.is_some_and(|(_, fields)| fields.contains(&field.as_str()))
    })
}

/// What is said of such a field.
pub fn told(message: &str, field: &str) -> String {
    format!("`{field}` of `{message}` changes nothing")
}
