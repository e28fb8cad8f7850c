//! Hosts that traffic is sent to, and who sees them.

mod destination_host_not_found;

use super::catalog::rules;

rules! {
    "destination-host-not-found" => destination_host_not_found::check,
}
