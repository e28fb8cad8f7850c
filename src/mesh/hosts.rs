//! Hosts as texts: the algebra of [`Host`], for names that are not kept as hosts.

use crate::format::Host;

pub fn has_wildcard(host: &str) -> bool {
    Host::new(host).is_wildcard()
}

/// Whether some name is one of both. Symmetric.
pub fn host_matches(left: &str, right: &str) -> bool {
    Host::new(left).matches(Host::new(right))
}

/// Whether every name of `inner` is one of `outer`.
pub fn host_subset_of(inner: &str, outer: &str) -> bool {
    Host::new(inner).subset_of(Host::new(outer))
}
