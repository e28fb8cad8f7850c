//! Gateways: what binds to them, what they serve, and what several of them make of one proxy.

mod gateway_not_found;
mod generated_gateway;
mod host_not_on_gateway;
mod match_gateway_not_bound;
mod section_unused_by_gateway;

use super::catalog::rules;

rules! {
    "gateway-not-found" => gateway_not_found::check,
    "generated-gateway" => generated_gateway::check,
    "match-gateway-not-bound" => match_gateway_not_bound::check,
    "host-not-on-gateway" => host_not_on_gateway::check,
    "section-unused-by-gateway" => section_unused_by_gateway::check,
}
