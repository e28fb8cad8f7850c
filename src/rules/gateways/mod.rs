//! Gateways: what binds to them, what they serve, and what several of them make of one proxy.

mod auto_passthrough_exposed;
mod egress_gateway_incomplete;
mod gateway_for_any_host;
mod gateway_host_without_route;
mod gateway_not_found;
mod gateway_port_ambiguous;
mod gateway_port_not_on_service;
mod gateway_port_protocol_conflict;
mod gateway_selector_empty;
mod gateway_selects_nothing;
mod gateway_tls_host_dropped;
mod generated_gateway;
mod host_not_on_gateway;
mod http_without_redirect;
mod https_redirect_to_nowhere;
mod match_gateway_not_bound;
mod mesh_and_gateway_mixed;
mod not_visible_to_gateway;
mod redirect_loop;
mod section_unused_by_gateway;
mod unused_gateway;

use super::catalog::rules;

rules! {
    "gateway-not-found" for VirtualService => gateway_not_found::check,
    "generated-gateway" for VirtualService => generated_gateway::check,
    "match-gateway-not-bound" for VirtualService => match_gateway_not_bound::check,
    "host-not-on-gateway" for VirtualService => host_not_on_gateway::check,
    "section-unused-by-gateway" for VirtualService => section_unused_by_gateway::check,
    "not-visible-to-gateway" for VirtualService => not_visible_to_gateway::check,
    "gateway-for-any-host" for Gateway => gateway_for_any_host::check,
    "gateway-host-without-route" for Gateway => gateway_host_without_route::check,
    "unused-gateway" for Gateway => unused_gateway::check,
    "gateway-selects-nothing" for Gateway => gateway_selects_nothing::check,
    "gateway-selector-empty" for Gateway => gateway_selector_empty::check,
    "gateway-port-not-on-service" for Gateway => gateway_port_not_on_service::check,
    "gateway-port-ambiguous" for Gateway => gateway_port_ambiguous::check,
    "gateway-tls-host-dropped" => gateway_tls_host_dropped::check,
    "gateway-port-protocol-conflict" => gateway_port_protocol_conflict::check,
    "https-redirect-to-nowhere" => https_redirect_to_nowhere::check,
    "redirect-loop" for VirtualService => redirect_loop::check,
    "http-without-redirect" => http_without_redirect::check,
    "egress-gateway-incomplete" for VirtualService => egress_gateway_incomplete::check,
    "mesh-and-gateway-mixed" for VirtualService => mesh_and_gateway_mixed::check,
    "auto-passthrough-exposed" => auto_passthrough_exposed::check,
}
