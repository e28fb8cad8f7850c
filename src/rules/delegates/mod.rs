//! VirtualServices that others delegate routes to.

mod delegate_not_found;
mod delegate_route_dropped;
mod delegate_unused;

use super::catalog::rules;

rules! {
    "delegate-not-found" => delegate_not_found::check,
    "delegate-route-dropped" => delegate_route_dropped::check,
    "delegate-unused" for VirtualService => delegate_unused::check,
}
