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

/// Whether a name may be one of the public DNS, as far as its last label tells (reserved ones: RFC 2606, RFC 6761; and what
/// is usual inside).
pub fn is_public_name(host: &str) -> bool {
    const PRIVATE: [&str; 16] = [
        "local",
        "internal",
        "localhost",
        "test",
        "invalid",
        "example",
        "lan",
        "home",
        "corp",
        "intranet",
        "private",
        "mesh",
        "cluster",
        "global",
        "svc",
        "consul",
    ];
    let last = host.rsplit('.').next().unwrap_or_default();
    host.contains('.') && !PRIVATE.contains(&last) && last.parse::<u32>().is_err()
}
