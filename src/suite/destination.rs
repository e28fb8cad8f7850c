//! Where traffic goes, as tests name it.

use std::fmt;

/// A part of what a cluster is; what is not said may be anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WantedDestination {
    /// In full, or as far as it is unique: `reviews`, `reviews.shop`.
    pub host: Option<String>,
    /// Empty for all endpoints.
    pub subset: Option<String>,
    pub port: Option<u16>,
    /// Percent of the requests, where several destinations share them.
    pub weight: Option<u32>,
}

/// What the name of a cluster tells.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundDestination {
    pub cluster: String,
    pub host: String,
    pub subset: String,
    pub port: Option<u16>,
    pub weight: f64,
}

impl FoundDestination {
    /// Of `outbound|80|v1|reviews.shop.svc.cluster.local`, or any other cluster.
    pub fn new(cluster: &str, weight: f64) -> Self {
        let separator = if cluster.starts_with("outbound_.") { "_." } else { "|" };
        let parts: Vec<_> = cluster.splitn(4, separator).collect();
        let (port, subset, host) = match parts[..] {
            ["outbound", port, subset, host] => (port.parse().ok(), subset, host),
            ["inbound", port, "", ""] => (port.parse().ok(), "", ""),
            _ => (None, "", cluster),
        };
        let (cluster, host, subset) = (cluster.to_owned(), host.to_owned(), subset.to_owned());
        Self { cluster, host, subset, port, weight }
    }
}

impl WantedDestination {
    pub fn is(&self, found: &FoundDestination, domain: &str) -> bool {
        let host = |wanted: &String| is_host(wanted, &found.host, domain);
        self.host.as_ref().is_none_or(host)
            && self.subset.as_ref().is_none_or(|subset| *subset == found.subset)
            && self.port.is_none_or(|port| Some(port) == found.port)
            && self.weight.is_none_or(|weight| (f64::from(weight) - found.weight).abs() < 0.5)
    }
}

/// Whether a name, maybe short, is that of a host.
fn is_host(wanted: &str, host: &str, domain: &str) -> bool {
    let suffix = format!(".svc.{domain}");
    let rest = host.strip_suffix(&suffix).and_then(|short| short.strip_prefix(wanted));
    // What is left is the namespace, or nothing.
    wanted == host || rest.is_some_and(|rest| rest.is_empty() || (rest.starts_with('.') && !rest[1..].contains('.')))
}

impl fmt::Display for WantedDestination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self.host.as_deref().unwrap_or("any host");
        let subset = self.subset.as_deref().unwrap_or_default();
        write(f, host, subset, self.port, self.weight.map(f64::from))
    }
}

impl fmt::Display for FoundDestination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = if self.host.is_empty() { &self.cluster } else { &self.host };
        write(f, host, &self.subset, self.port, (self.weight < 100.0).then_some(self.weight))
    }
}

fn write(f: &mut fmt::Formatter<'_>, host: &str, subset: &str, port: Option<u16>, weight: Option<f64>) -> fmt::Result {
    f.write_str(host)?;
    if let Some(port) = port {
        write!(f, ":{port}")?;
    }
    if !subset.is_empty() {
        write!(f, " subset {subset}")?;
    }
    match weight {
        Some(weight) => write!(f, " {}%", (weight * 100.0).round() / 100.0),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::{FoundDestination, WantedDestination};

    #[test]
    fn names_may_be_short() {
        let found = FoundDestination::new("outbound|9080|v1|reviews.shop.svc.cluster.local", 90.0);
        let table = [
            ("reviews", true),
            ("reviews.shop", true),
            ("reviews.shop.svc.cluster.local", true),
            ("review", false),
            ("reviews.other", false),
            ("shop", false),
        ];
        for (host, expected) in table {
            let wanted = WantedDestination { host: Some(host.to_owned()), ..Default::default() };
            assert_eq!(wanted.is(&found, "cluster.local"), expected, "{host}");
        }
        assert_eq!(found.to_string(), "reviews.shop.svc.cluster.local:9080 subset v1 90%");
        assert_eq!(FoundDestination::new("PassthroughCluster", 100.0).to_string(), "PassthroughCluster");
    }
}
