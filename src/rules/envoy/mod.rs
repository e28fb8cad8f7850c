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
    "header-command-unknown" => header_command_unknown::check,
    "line-break-in-rewrite" => line_break_in_rewrite::check,
    "query-parameter-without-name" => query_parameter_without_name::check,
    "weights-too-large" => weights_too_large::check,
    "ring-too-large" => ring_too_large::check,
    "sni-wildcard" => sni_wildcard::check,
    "sni-repeated" => sni_repeated::check,
    "jwks-without-keys" => jwks_without_keys::check,
    "expression-unknown-function" => expression_unknown_function::check,
}

/// What becomes of routes when Envoy refuses them.
const ROUTES_REFUSED: &str = "Envoy refuses all routes of the listener, and keeps the old ones";
