//! Hosts that traffic is sent to, and who sees them.

mod destination_host_hidden;
mod destination_host_not_found;
mod destination_rule_host_not_found;
mod duplicate_host_spelling;
mod half_qualified_host;
mod short_name_resolves_elsewhere;
mod wildcard_destination;

use crate::mesh::Mesh;
use crate::model::virtual_service::VirtualService;
use crate::model::{Object, Str};

use super::catalog::rules;

rules! {
    "destination-host-not-found" for VirtualService => destination_host_not_found::check,
    "half-qualified-host" for VirtualService => half_qualified_host::check_virtual_service,
        for DestinationRule => half_qualified_host::check_destination_rule,
    "short-name-resolves-elsewhere" for VirtualService => short_name_resolves_elsewhere::check_virtual_service,
        for DestinationRule => short_name_resolves_elsewhere::check_destination_rule,
    "destination-host-hidden" for VirtualService => destination_host_hidden::check,
    "destination-rule-host-not-found" for DestinationRule => destination_rule_host_not_found::check,
    "wildcard-destination" for VirtualService => wildcard_destination::check,
    "duplicate-host-spelling" for VirtualService => duplicate_host_spelling::check,
}

/// The hosts that a VirtualService names for sidecars, and those of its destinations.
fn hosts<'m>(mesh: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>) -> impl Iterator<Item = Str<'m>> {
    let own = service.spec.hosts.iter().copied().filter(|_| mesh.applies_to_sidecars(&service.spec));
    let destinations = service.spec.destinations().into_iter().filter_map(|used| used.destination.host);
    own.chain(destinations.filter(|host| !host.is_empty()))
}
