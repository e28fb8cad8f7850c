//! Telemetry: who reports what, and to whom.

mod lightstep_provider;
mod telemetry_duplicate_default;
mod telemetry_overlap;
mod telemetry_provider_missing;
mod telemetry_provider_not_found;
mod telemetry_selects_nothing;

use super::catalog::rules;

rules! {
    "telemetry-overlap" => telemetry_overlap::check,
    "telemetry-duplicate-default" => telemetry_duplicate_default::check,
    "telemetry-selects-nothing" for Telemetry => telemetry_selects_nothing::check,
    "telemetry-provider-missing" => telemetry_provider_missing::check,
    "telemetry-provider-not-found" => telemetry_provider_not_found::check,
    "lightstep-provider" for Telemetry => lightstep_provider::check,
}
