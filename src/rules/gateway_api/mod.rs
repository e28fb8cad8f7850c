//! Gateways and routes of Gateway API.

mod backends_weigh_nothing;
mod gateway_address_shared;
mod gateway_class_unknown;
mod gateway_listener_shared;
mod grant_namespace_not_found;
mod listener_certificate;
mod listener_conflict;
mod parent_gateway_not_found;
mod redirect_with_backends;
mod reference_not_granted;
mod references;
mod route_and_virtual_service;
mod route_port_not_found;
mod route_service_not_found;
mod route_without_listener;

use super::catalog::rules;

rules! {
    "parent-gateway-not-found" => parent_gateway_not_found::check,
    "route-without-listener" => route_without_listener::check,
    "route-service-not-found" => route_service_not_found::check,
    "route-port-not-found" => route_port_not_found::check,
    "reference-not-granted" => reference_not_granted::check,
    "grant-namespace-not-found" => grant_namespace_not_found::check,
    "gateway-class-unknown" => gateway_class_unknown::check,
    "gateway-address-shared" => gateway_address_shared::check,
    "gateway-listener-shared" => gateway_listener_shared::check,
    "listener-conflict" for K8sGateway => listener_conflict::check,
    "listener-certificate" for K8sGateway => listener_certificate::check,
    "backends-weigh-nothing" => backends_weigh_nothing::check,
    "redirect-with-backends" => redirect_with_backends::check,
    "route-and-virtual-service" => route_and_virtual_service::check,
}
