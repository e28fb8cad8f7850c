//! PeerAuthentication and RequestAuthentication: which workloads they hold for, and what of tokens.

mod authn_selects_nothing;
mod jwks_fetch_unrestricted;
mod jwks_not_https;
mod jwt_claim_route_without_jwt;
mod jwt_issuer_not_url;
mod jwt_issuer_repeated;
mod jwt_not_required;
mod peerauthn_duplicate_default;
mod peerauthn_overlap;
mod peerauthn_port_not_exposed;
mod peerauthn_root_selector;
mod peerauthn_without_mode;

use super::catalog::rules;

rules! {
    "authn-selects-nothing" => authn_selects_nothing::check,
    "peerauthn-without-mode" for PeerAuthentication => peerauthn_without_mode::check,
    "peerauthn-root-selector" for PeerAuthentication => peerauthn_root_selector::check,
    "peerauthn-duplicate-default" => peerauthn_duplicate_default::check,
    "peerauthn-overlap" => peerauthn_overlap::check,
    "peerauthn-port-not-exposed" for PeerAuthentication => peerauthn_port_not_exposed::check,
    "jwt-not-required" => jwt_not_required::check,
    "jwt-claim-route-without-jwt" for VirtualService => jwt_claim_route_without_jwt::check,
    "jwt-issuer-not-url" for RequestAuthentication => jwt_issuer_not_url::check,
    "jwt-issuer-repeated" for RequestAuthentication => jwt_issuer_repeated::check,
    "jwks-not-https" for RequestAuthentication => jwks_not_https::check,
    "jwks-fetch-unrestricted" => jwks_fetch_unrestricted::check,
}
