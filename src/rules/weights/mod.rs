//! How routes divide traffic.

mod affinity_across_subsets;
mod duplicate_destination;
mod single_destination_weight;
mod weights_not_100;
mod zero_weight_destination;

use super::catalog::rules;

rules! {
    "single-destination-weight" for VirtualService => single_destination_weight::check,
    "duplicate-destination" for VirtualService => duplicate_destination::check,
    "weights-not-100" for VirtualService => weights_not_100::check,
    "affinity-across-subsets" for VirtualService => affinity_across_subsets::check,
    "zero-weight-destination" for VirtualService => zero_weight_destination::check,
}
