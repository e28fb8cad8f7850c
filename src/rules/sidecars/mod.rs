//! What Sidecars select and let in.

mod egress_host_not_found;
mod egress_namespace_mismatch;
mod egress_proxy_ignored;
mod outbound_mode_missing;
mod sidecar_duplicate_default;
mod sidecar_for_ambient;
mod sidecar_hides_routes;
mod sidecar_ingress_port_unused;
mod sidecar_overlap;
mod sidecar_root_selector;
mod sidecar_selects_nothing;

use super::catalog::rules;

rules! {
    "sidecar-overlap" => sidecar_overlap::check,
    "sidecar-duplicate-default" => sidecar_duplicate_default::check,
    "sidecar-selects-nothing" for Sidecar => sidecar_selects_nothing::check,
    "sidecar-root-selector" for Sidecar => sidecar_root_selector::check,
    "egress-host-not-found" for Sidecar => egress_host_not_found::check,
    "egress-namespace-mismatch" for Sidecar => egress_namespace_mismatch::check,
    "sidecar-hides-routes" => sidecar_hides_routes::check,
    "outbound-mode-missing" for Sidecar => outbound_mode_missing::check,
    "sidecar-ingress-port-unused" for Sidecar => sidecar_ingress_port_unused::check,
    "sidecar-for-ambient" for Sidecar => sidecar_for_ambient::check,
    "egress-proxy-ignored" for Sidecar => egress_proxy_ignored::check,
}
