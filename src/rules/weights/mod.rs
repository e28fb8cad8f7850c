//! How routes divide traffic.

mod affinity_across_subsets;
mod duplicate_destination;
mod single_destination_weight;
mod weights_not_100;
mod zero_weight_destination;

use super::catalog::rules;

rules! {
    "single-destination-weight" => single_destination_weight::check,
    "duplicate-destination" => duplicate_destination::check,
    "weights-not-100" => weights_not_100::check,
    "affinity-across-subsets" => affinity_across_subsets::check,
    "zero-weight-destination" => zero_weight_destination::check,
}
