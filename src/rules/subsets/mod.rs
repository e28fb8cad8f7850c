//! Subsets: defined, known to those who use them, and not empty.

mod subset_not_found;
mod subset_same_labels;
mod subset_selects_nothing;
mod subset_undefined_for_client;
mod subset_unused;
mod subset_without_labels;

use std::borrow::Cow;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::mesh::Mesh;

use super::catalog::rules;

rules! {
    "subset-not-found" for VirtualService => subset_not_found::check,
    "subset-undefined-for-client" for VirtualService => subset_undefined_for_client::check,
    "subset-selects-nothing" => subset_selects_nothing::check,
    "subset-without-labels" for DestinationRule => subset_without_labels::check,
    "subset-same-labels" for DestinationRule => subset_same_labels::check,
    "subset-unused" => subset_unused::check,
}

/// The subsets that routes and mirrors lead to, by full name of the host.
struct RoutedSubsets<'m>(FxHashMap<Cow<'m, str>, FxHashSet<&'m str>>);

impl RoutedSubsets<'_> {
    /// Whether some route leads to some subset of the host.
    fn has_host(&self, host: &str) -> bool {
        self.0.contains_key(host)
    }

    fn contains(&self, host: &str, subset: &str) -> bool {
        self.0.get(host).is_some_and(|subsets| subsets.contains(subset))
    }
}

fn routed_subsets<'m>(mesh: &Mesh<'m>) -> RoutedSubsets<'m> {
    let mut routed: FxHashMap<Cow<'m, str>, FxHashSet<&str>> = FxHashMap::default();
    for target in mesh.resources.virtual_services.iter().flat_map(|service| mesh.targets(service)) {
        if let Some(subset) = target.used.destination.subset {
            routed.entry(target.full).or_default().insert(subset.value);
        }
    }
    RoutedSubsets(routed)
}
