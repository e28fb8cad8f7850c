//! Subsets: defined, known to those who use them, and not empty.

mod subset_not_found;
mod subset_same_labels;
mod subset_selects_nothing;
mod subset_undefined_for_client;
mod subset_unused;
mod subset_without_labels;

use super::catalog::rules;

rules! {
    "subset-not-found" for VirtualService => subset_not_found::check,
    "subset-undefined-for-client" for VirtualService => subset_undefined_for_client::check,
    "subset-selects-nothing" for DestinationRule => subset_selects_nothing::check,
    "subset-without-labels" for DestinationRule => subset_without_labels::check,
    "subset-same-labels" for DestinationRule => subset_same_labels::check,
    "subset-unused" for DestinationRule => subset_unused::check,
}
