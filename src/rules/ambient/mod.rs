//! Ambient mode: who is in it, and what takes a waypoint.

mod l7_policy_without_waypoint;
mod l7_routing_in_other_namespace;
mod l7_routing_without_waypoint;
mod layer7;
mod policy_without_target;
mod redirected_pod_asks_for_sidecar;
mod selector_on_gateway;
mod sidecar_and_ambient;
mod sidecar_in_ambient_pod;
mod waypoint_for_other_traffic;
mod waypoint_not_found;
mod waypoint_without_ambient;

use super::catalog::rules;

rules! {
    "l7-policy-without-waypoint" => l7_policy_without_waypoint::check,
    "policy-without-target" => policy_without_target::check,
    "l7-routing-without-waypoint" for VirtualService => l7_routing_without_waypoint::check_virtual_service,
        for DestinationRule => l7_routing_without_waypoint::check_destination_rule,
    "l7-routing-in-other-namespace" for VirtualService => l7_routing_in_other_namespace::check_virtual_service,
        for DestinationRule => l7_routing_in_other_namespace::check_destination_rule,
    "sidecar-and-ambient" for Workload => sidecar_and_ambient::check,
    "sidecar-in-ambient-pod" for Workload => sidecar_in_ambient_pod::check,
    "redirected-pod-asks-for-sidecar" for Workload => redirected_pod_asks_for_sidecar::check,
    "waypoint-without-ambient" for Workload => waypoint_without_ambient::check,
    "waypoint-not-found" => waypoint_not_found::check,
    "waypoint-for-other-traffic" => waypoint_for_other_traffic::check,
    "selector-on-gateway" => selector_on_gateway::check,
}
