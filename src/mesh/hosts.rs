//! Istio's algebra of host names, in which `*` may stand for the start of a name (istio 1.31 `pkg/config/host/name.go`).

use std::cmp::Ordering;

/// Whether `host` is a wildcard: Istio looks at the first character only.
pub fn has_wildcard(host: &str) -> bool {
    host.starts_with('*')
}

/// Whether some name is one of both. Symmetric.
pub fn host_matches(left: &str, right: &str) -> bool {
    match (left.strip_prefix('*'), right.strip_prefix('*')) {
        (Some(left), Some(right)) => left.ends_with(right) || right.ends_with(left),
        (Some(suffix), None) => right.ends_with(suffix),
        (None, Some(suffix)) => left.ends_with(suffix),
        (None, None) => left == right,
    }
}

/// Whether every name of `inner` is one of `outer`.
pub fn host_subset_of(inner: &str, outer: &str) -> bool {
    match (inner.strip_prefix('*'), outer.strip_prefix('*')) {
        (Some(inner), Some(outer)) => inner.ends_with(outer),
        (None, Some(suffix)) => inner.ends_with(suffix),
        (Some(_), None) => false,
        (None, None) => inner == outer,
    }
}

/// A host name that sorts as Istio prefers them: exact names before wildcards, longer ones before shorter ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostPattern<'a>(pub &'a str);

impl Ord for HostPattern<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let wildcard = has_wildcard(self.0).cmp(&has_wildcard(other.0));
        wildcard.then(other.0.len().cmp(&self.0.len())).then(self.0.cmp(other.0))
    }
}

impl PartialOrd for HostPattern<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The full name of `host` as an object in `namespace` writes it: a name without dots is that of a Service beside the
/// object, any other is taken as it is (istio 1.31 `pkg/config/resource` `ResolveShortnameToFQDN`).
pub(super) fn full_name(host: &str, namespace: &str, cluster_domain: &str) -> String {
    let is_short = !host.contains('.') && host != "*" && !host.contains(':');
    match is_short {
        true => format!("{host}.{namespace}.svc.{cluster_domain}"),
        false => host.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_stand_for_the_start_of_a_name() {
        // left, right, match, left within right
        let cases = [
            ("a.foo.com", "a.foo.com", true, true),
            ("a.foo.com", "b.foo.com", false, false),
            ("a.foo.com", "*.foo.com", true, true),
            ("foo.com", "*.foo.com", false, false),
            ("foo.com", "*foo.com", true, true),
            ("*.foo.com", "a.foo.com", true, false),
            ("*.a.foo.com", "*.foo.com", true, true),
            ("*.foo.com", "*.a.foo.com", true, false),
            ("*.foo.com", "*.bar.com", false, false),
            ("*", "a", true, false),
            ("a", "*", true, true),
        ];
        for (left, right, matching, subset) in cases {
            assert_eq!(host_matches(left, right), matching, "{left} matches {right}");
            assert_eq!(host_matches(right, left), matching, "{right} matches {left}");
            assert_eq!(host_subset_of(left, right), subset, "{left} within {right}");
        }
    }

    #[test]
    fn specific_hosts_come_first() {
        let mut hosts = ["*", "*.com", "a.com", "*.b.com", "a.b.com"].map(HostPattern);
        hosts.sort();
        assert_eq!(hosts.map(|host| host.0), ["a.b.com", "a.com", "*.b.com", "*.com", "*"]);
    }

    #[test]
    fn only_names_without_dots_are_completed() {
        let cases = [
            ("reviews", "reviews.shop.svc.cluster.local"),
            ("reviews.shop", "reviews.shop"),
            ("*", "*"),
            ("::1", "::1"),
        ];
        for (host, full) in cases {
            assert_eq!(full_name(host, "shop", "cluster.local"), full);
        }
    }
}
