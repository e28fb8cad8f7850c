use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;

use super::Ip;

/// A host that may be a wildcard, with the algebra by which Istio compares hosts (`Name` in pkg/config/host/name.go).
///
/// Every text is a host here, because the algebra says something about every text; whether it is a legal one is a
/// question to [`WildcardDomain`](super::WildcardDomain) and [`Ip`]. A host is a wildcard if it starts with `*`: the rest
/// is compared as a suffix, without regard to labels, so that `*foo.com` holds `foo.com` and `*.foo.com` does not. Case
/// matters.
///
/// The order is that of `MoreSpecific` in pkg/config/host/names.go: exact hosts before wildcards, longer ones before
/// shorter ones, and otherwise by byte. The first match in that order is the most specific one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Host<'a>(&'a str);

impl<'a> Host<'a> {
    pub fn new(text: &'a str) -> Self {
        Self(text)
    }

    pub fn as_str(self) -> &'a str {
        self.0
    }

    pub fn is_wildcard(self) -> bool {
        self.suffix().is_some()
    }

    /// What a wildcard asks hosts to end with.
    fn suffix(self) -> Option<&'a str> {
        self.0.strip_prefix('*')
    }

    /// Whether some host is meant by both.
    ///
    /// For two wildcards Istio asks for the shorter one to hold the longer one, which is the same.
    pub fn matches(self, other: Host<'_>) -> bool {
        self.subset_of(other) || other.subset_of(self)
    }

    /// Whether every host meant by `self` is meant by `other` too.
    pub fn subset_of(self, other: Host<'_>) -> bool {
        match (self.suffix(), other.suffix()) {
            (Some(own), Some(theirs)) => own.ends_with(theirs),
            (None, Some(theirs)) => self.0.ends_with(theirs),
            (Some(_), None) => false,
            (None, None) => self.0 == other.0,
        }
    }

    /// The hosts meant by both: the one of the two that is a subset of the other.
    pub fn intersection(self, other: Host<'a>) -> Option<Host<'a>> {
        if self.subset_of(other) {
            Some(self)
        } else if other.subset_of(self) {
            Some(other)
        } else {
            None
        }
    }

    /// Whether istiod completes this host with the namespace of the resource that it is written in
    /// (`ResolveShortnameToFQDN` in pilot/pkg/model/config.go): no dot, not `*`, and no address.
    pub fn is_short(self) -> bool {
        let is_address = || self.0.contains(':') && Ip::parse(self.0).is_ok();
        !self.0.is_empty() && !self.is_wildcard() && !self.0.contains('.') && !is_address()
    }

    /// The full name of a short host in the `domain` of the cluster; any other host as it is, so also `reviews.default`,
    /// which is no name of a service to istiod.
    pub fn in_namespace(self, namespace: &str, domain: &str) -> Cow<'a, str> {
        match self.is_short() {
            true => Cow::Owned([self.0, ".", namespace, ".svc.", domain].concat()),
            false => Cow::Borrowed(self.0),
        }
    }
}

impl Ord for Host<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let key = |host: &Self| (host.is_wildcard(), std::cmp::Reverse(host.0.len()));
        key(self).cmp(&key(other)).then_with(|| self.0.cmp(other.0))
    }
}

impl PartialOrd for Host<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Host<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Host;

    #[test]
    fn hosts_compare_by_suffix() {
        // First, second, whether they meet, whether the first is within the second, and the other way round.
        let table = [
            ("foo.com", "foo.com", true, true, true),
            ("foo.com", "bar.com", false, false, false),
            ("foo.com", "Foo.com", false, false, false),
            ("*", "foo.com", true, false, true),
            ("*", "*", true, true, true),
            ("*.com", "foo.com", true, false, true),
            ("*.com", "*.foo.com", true, false, true),
            ("*.com", "*.org", false, false, false),
            ("*.foo.com", "foo.com", false, false, false),
            ("*foo.com", "foo.com", true, false, true),
            ("*foo.com", "barfoo.com", true, false, true),
            ("*foo.com", "*.foo.com", true, false, true),
            ("*-v1.com", "*.com", true, true, false),
            ("*-v1.com", "*.v1.com", false, false, false),
            ("", "*", true, true, false),
        ];
        for (first, second, matches, within, contains) in table {
            let (a, b) = (Host::new(first), Host::new(second));
            assert_eq!((a.matches(b), a.subset_of(b), b.subset_of(a)), (matches, within, contains), "{first} {second}");
            assert_eq!(b.matches(a), matches, "{second} {first}");
            assert_eq!(a.intersection(b).is_some(), matches, "{first} {second}");
        }
    }

    #[test]
    fn most_specific_host_comes_first() {
        let mut hosts = ["*", "a.com", "*.com", "b.example.com", "a.example.com", "*.example.com"].map(Host::new);
        hosts.sort();
        let sorted = ["a.example.com", "b.example.com", "a.com", "*.example.com", "*.com", "*"].map(Host::new);
        assert_eq!(hosts, sorted);
    }

    #[test]
    fn only_hosts_without_a_dot_are_short() {
        let table = [
            ("reviews", "reviews.shop.svc.cluster.local"),
            ("reviews.default", "reviews.default"),
            ("reviews.", "reviews."),
            ("*", "*"),
            ("*foo", "*foo"),
            ("::1", "::1"),
            ("", ""),
        ];
        for (text, full) in table {
            assert_eq!(Host::new(text).in_namespace("shop", "cluster.local"), full);
        }
    }
}
