//! ServiceEntries and the workloads that are no pods.

mod entries;
mod serviceentry_duplicate;
mod serviceentry_protocol_conflict;
mod serviceentry_without_endpoints;
mod workload_groups_alike;

use super::catalog::rules;

rules! {
    "serviceentry-without-endpoints" => serviceentry_without_endpoints::check,
    "serviceentry-protocol-conflict" => serviceentry_protocol_conflict::check,
    "serviceentry-duplicate" => serviceentry_duplicate::check,
    "workload-groups-alike" => workload_groups_alike::check,
}
