//! Addresses for names.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::envoy::cluster::{Cluster, Discovery, DiscoveryType, DnsLookupFamily};
use crate::proxy::time::Time;

use super::members::Resolved;

/// Whether the addresses of a cluster come from DNS.
pub fn is_by_dns(cluster: &Cluster) -> bool {
    let by_dns = [DiscoveryType::StrictDns, DiscoveryType::LogicalDns].map(Discovery::Type);
    cluster.discovery.as_ref().is_some_and(|discovery| by_dns.contains(discovery))
}

/// The addresses of each name. A name that is not found has none in the answer.
pub(super) async fn resolve(cluster: &Cluster, names: &[String]) -> Resolved {
    let first_only = cluster.discovery == Some(Discovery::Type(DiscoveryType::LogicalDns));
    let mut resolved = Resolved::default();
    for name in names {
        let Some(found) = lookup(name).await else { continue };
        let mut found = of_family(&found, cluster.dns_lookup_family);
        found.dedup();
        if first_only {
            found.truncate(1);
        }
        resolved.insert(name.clone(), found);
    }
    resolved
}

/// The first address of a name, or the address that it is.
pub(super) async fn address(name: &str, family: DnsLookupFamily) -> Option<IpAddr> {
    if let Ok(address) = name.trim_matches(['[', ']']).parse() {
        return Some(address);
    }
    of_family(&lookup(name).await?, family).first().copied()
}

/// Names below `localhost` are those of this machine (RFC 6761), which not every system knows.
async fn lookup(name: &str) -> Option<Vec<IpAddr>> {
    if name.to_ascii_lowercase().ends_with(".localhost") {
        return Some(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
    }
    let found = tokio::net::lookup_host((name, 0)).await.ok()?;
    Some(found.map(|address| address.ip()).collect())
}

/// `AUTO` prefers version 6, as in Envoy.
fn of_family(found: &[IpAddr], family: DnsLookupFamily) -> Vec<IpAddr> {
    let (v4, v6): (Vec<_>, Vec<_>) = found.iter().partition(|address| address.is_ipv4());
    match family {
        DnsLookupFamily::V4Only => v4,
        DnsLookupFamily::V6Only => v6,
        DnsLookupFamily::V4Preferred => {
            if v4.is_empty() {
                v6
            } else {
                v4
            }
        }
        DnsLookupFamily::All => found.to_vec(),
        DnsLookupFamily::Auto => {
            if v6.is_empty() {
                v4
            } else {
                v6
            }
        }
    }
}

/// Waits until the names are asked for again. Lifetimes that name servers give are not known here.
pub(super) async fn pause(cluster: &Cluster, time: Time) {
    time.sleep(cluster.dns_refresh_rate.unwrap_or(std::time::Duration::from_secs(5))).await;
}

#[cfg(test)]
mod tests {
    use super::of_family;
    use crate::envoy::cluster::DnsLookupFamily;

    #[test]
    fn families_are_chosen() {
        let both = ["192.0.2.1".parse().unwrap(), "2001:db8::1".parse().unwrap()];
        let table = [
            (DnsLookupFamily::Auto, &both[1..]),
            (DnsLookupFamily::V4Only, &both[..1]),
            (DnsLookupFamily::V6Only, &both[1..]),
            (DnsLookupFamily::V4Preferred, &both[..1]),
            (DnsLookupFamily::All, &both[..]),
        ];
        for (family, expected) in table {
            assert_eq!(of_family(&both, family), expected, "{family:?}");
        }
        assert_eq!(of_family(&both[..1], DnsLookupFamily::Auto), &both[..1]);
    }
}
