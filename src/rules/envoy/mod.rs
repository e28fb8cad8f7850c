//! What istiod accepts and sends and Envoy refuses (a NACK): the proxy keeps its old configuration, and no later change
//! reaches it either. Each was tried with `envoy --mode validate` of Envoy 1.40; `tests/nack.rs` repeats that.

mod expression_unknown_function;
mod header_command_unknown;
mod jwks_without_keys;
mod line_break_in_rewrite;
mod query_parameter_without_name;
mod ring_too_large;
mod sni_repeated;
mod sni_wildcard;
mod weights_too_large;

use super::catalog::rules;

rules! {
    "header-command-unknown" for VirtualService => header_command_unknown::check,
    "line-break-in-rewrite" for VirtualService => line_break_in_rewrite::check,
    "query-parameter-without-name" for VirtualService => query_parameter_without_name::check,
    "weights-too-large" for VirtualService => weights_too_large::check,
    "ring-too-large" for DestinationRule => ring_too_large::check,
    "sni-wildcard" for VirtualService => sni_wildcard::check,
    "sni-repeated" for VirtualService => sni_repeated::check,
    "jwks-without-keys" for RequestAuthentication => jwks_without_keys::check,
    "expression-unknown-function" for Telemetry => expression_unknown_function::check,
}

/// What becomes of routes when Envoy refuses them.
const ROUTES_REFUSED: &str = "Envoy refuses all routes of the listener, and keeps the old ones";
