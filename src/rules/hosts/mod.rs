//! Hosts that traffic is sent to, and who sees them.

mod destination_host_hidden;
mod destination_host_not_found;
mod destination_rule_host_not_found;
mod duplicate_host_spelling;
mod half_qualified_host;
mod short_name_resolves_elsewhere;
mod wildcard_destination;

use super::catalog::rules;

rules! {
    "destination-host-not-found" for VirtualService => destination_host_not_found::check,
    "half-qualified-host" => half_qualified_host::check,
    "short-name-resolves-elsewhere" => short_name_resolves_elsewhere::check,
    "destination-host-hidden" for VirtualService => destination_host_hidden::check,
    "destination-rule-host-not-found" for DestinationRule => destination_rule_host_not_found::check,
    "wildcard-destination" for VirtualService => wildcard_destination::check,
    "duplicate-host-spelling" for VirtualService => duplicate_host_spelling::check,
}
