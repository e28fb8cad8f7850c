//! ServiceEntries and the workloads that are no pods.

mod double_tls;
mod duplicate_workload_entry;
mod entries;
mod headless_http;
mod location_mismatch;
mod plaintext_to_443;
mod serviceentry_duplicate;
mod serviceentry_protocol_conflict;
mod serviceentry_shadows_service;
mod serviceentry_without_endpoints;
mod serviceentry_without_ports;
mod tcp_listener_conflict;
mod wildcard_host_with_dns;
mod workload_entry_orphan;
mod workload_group_account_not_found;
mod workload_groups_alike;

use crate::mesh::Protocol;
use crate::model::networking::ServicePort;

use super::catalog::rules;

rules! {
    "serviceentry-without-endpoints" for ServiceEntry => serviceentry_without_endpoints::check,
    "serviceentry-without-ports" for ServiceEntry => serviceentry_without_ports::check,
    "serviceentry-protocol-conflict" => serviceentry_protocol_conflict::check,
    "serviceentry-duplicate" => serviceentry_duplicate::check,
    "serviceentry-shadows-service" for ServiceEntry => serviceentry_shadows_service::check,
    "tcp-listener-conflict" => tcp_listener_conflict::check_conflict,
    "tcp-and-http-on-one-port" => tcp_listener_conflict::check_mixed,
    "plaintext-to-443" for ServiceEntry => plaintext_to_443::check,
    "double-tls" for DestinationRule => double_tls::check,
    "wildcard-host-with-dns" for ServiceEntry => wildcard_host_with_dns::check,
    "location-mismatch" => location_mismatch::check,
    "workload-entry-orphan" => workload_entry_orphan::check,
    "duplicate-workload-entry" => duplicate_workload_entry::check,
    "workload-group-account-not-found" => workload_group_account_not_found::check,
    "headless-http" for Service => headless_http::check,
    "workload-groups-alike" => workload_groups_alike::check,
}

/// Of a ServiceEntry only the protocol counts, not the name of the port.
fn port_protocol(port: &ServicePort<'_>) -> Protocol {
    Protocol::of_name(port.protocol.map_or("", |protocol| protocol.value))
}
