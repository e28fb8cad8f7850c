//! Hosts of `dynamic_forward_proxy` clusters: whichever requests name, once their names are resolved (Envoy 1.40
//! `source/extensions/clusters/dynamic_forward_proxy/cluster.cc`, `source/extensions/common/dynamic_forward_proxy`).

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustc_hash::FxHashMap;
use tokio::time::Instant;

use crate::envoy::cluster::{Cluster, DnsLookupFamily};
use crate::proxy::per_worker::lock;
use crate::proxy::runtime::Runtime;
use crate::proxy::time::Time;

use super::dns;
use super::failure::Failure;
use super::host::{Address, Host};
use super::transport::{Transport, Transports};

/// How long an address is used before the name is resolved again, and how many names are kept, by default.
const REFRESH: Duration = Duration::from_secs(60);
const MOST_HOSTS: u32 = 1024;

/// The hosts by what requests call them: `name:port`.
#[derive(Debug)]
pub(super) struct NamedHosts {
    family: DnsLookupFamily,
    refresh: Duration,
    most: usize,
    transport: Transport,
    workers: usize,
    time: Time,
    hosts: Mutex<FxHashMap<String, Known>>,
}

#[derive(Debug)]
struct Known {
    host: Arc<Host>,
    until: Instant,
}

impl NamedHosts {
    /// `None` for clusters of other kinds.
    pub fn new(cluster: &Cluster, transports: &Transports, runtime: &Runtime) -> Option<Self> {
        let cache = cluster.by_name()?.dns_cache_config.clone().unwrap_or_default();
        Some(Self {
            family: cache.dns_lookup_family,
            refresh: cache.dns_refresh_rate.unwrap_or(REFRESH),
            most: cache.max_hosts.unwrap_or(MOST_HOSTS) as usize,
            transport: transports.of(None),
            workers: runtime.workers,
            time: runtime.time,
            hosts: Mutex::default(),
        })
    }

    /// Sees to it that the host of a name is known. An address that was found before stays if there is none now.
    pub async fn load(&self, authority: &str) -> Result<(), Failure> {
        let (name, port) = self.split(authority);
        let key = format!("{name}:{port}");
        let known = match lock(&self.hosts).get(&key) {
            Some(known) if Instant::now() < known.until => return Ok(()),
            known => known.map(|known| Arc::clone(&known.host)),
        };
        self.make_room(known.is_some())?;
        let until = self.time.after(self.refresh);
        let found = dns::address(name, self.family).await.map(|ip| Address::Socket(SocketAddr::new(ip, port)));
        let host = match (found, known) {
            (Some(address), Some(known)) if known.address == address => known,
            (None, Some(known)) => known,
            (Some(address), _) => {
                let mut host = Host::new(address, self.workers);
                host.hostname = name.to_owned();
                host.transport = self.transport.clone();
                Arc::new(host)
            }
            (None, None) => return Err(Failure::Unresolved),
        };
        lock(&self.hosts).insert(key, Known { host, until });
        Ok(())
    }

    /// Names that nobody has asked for lately are forgotten first.
    fn make_room(&self, is_known: bool) -> Result<(), Failure> {
        let mut hosts = lock(&self.hosts);
        if !is_known && hosts.len() >= self.most {
            let now = Instant::now();
            hosts.retain(|_, known| now < known.until);
        }
        if is_known || hosts.len() < self.most { Ok(()) } else { Err(Failure::TooManyNames) }
    }

    pub fn host(&self, authority: &str) -> Option<Arc<Host>> {
        let (name, port) = self.split(authority);
        lock(&self.hosts).get(&format!("{name}:{port}")).map(|known| Arc::clone(&known.host))
    }

    fn split<'a>(&self, authority: &'a str) -> (&'a str, u16) {
        split(authority, if self.transport.is_secure() { 443 } else { 80 })
    }

    pub fn all(&self) -> Vec<Arc<Host>> {
        let mut all: Vec<_> = lock(&self.hosts).values().map(|known| Arc::clone(&known.host)).collect();
        all.sort_by(|one, other| one.address.cmp(&other.address));
        all
    }
}

/// The name and the port of an authority. Addresses of version 6 stay in their brackets.
fn split(authority: &str, default_port: u16) -> (&str, u16) {
    let parsed = authority.rsplit_once(':').and_then(|(name, port)| Some((name, port.parse().ok()?)));
    let is_whole = |(name, _): &(&str, u16)| !name.contains(':') || name.ends_with(']');
    parsed.filter(is_whole).unwrap_or((authority, default_port))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;
    use tokio::time::Instant;

    use super::{Failure, NamedHosts, lock, split};
    use crate::envoy::Json;
    use crate::envoy::cluster::Cluster;
    use crate::proxy::runtime::Runtime;
    use crate::proxy::upstream::transport::Transports;

    #[test]
    fn an_authority_has_a_port() {
        let table = [
            ("a.test", ("a.test", 80)),
            ("a.test:8080", ("a.test", 8080)),
            ("[::1]:81", ("[::1]", 81)),
            ("[::1]", ("[::1]", 80)),
            ("a.test:http", ("a.test:http", 80)),
        ];
        for (authority, expected) in table {
            assert_eq!(split(authority, 80), expected, "{authority}");
        }
    }

    fn named(most: u32) -> NamedHosts {
        let cache = json!({"name": "c", "dnsLookupFamily": "V4_ONLY", "maxHosts": most});
        let name = "type.googleapis.com/envoy.extensions.clusters.dynamic_forward_proxy.v3.ClusterConfig";
        let custom = json!({"name": "any", "typedConfig": {"@type": name, "dnsCacheConfig": cache}});
        let cluster = Cluster::read(&json!({"name": "c", "clusterType": custom})).unwrap();
        NamedHosts::new(&cluster, &Transports::default(), &Runtime::new(Some(1), 1.0, 1)).unwrap()
    }

    #[tokio::test]
    async fn hosts_are_those_that_were_asked_for() {
        let named = named(2);
        for authority in ["a.localhost:81", "192.0.2.7", "192.0.2.7:80"] {
            assert_eq!(named.load(authority).await, Ok(()), "{authority}");
        }
        let addresses: Vec<_> = named.all().iter().map(|host| host.address.to_string()).collect();
        assert_eq!(addresses, ["127.0.0.1:81", "192.0.2.7:80"]);
        assert_eq!(named.host("a.localhost:81").unwrap().hostname, "a.localhost");
        assert!(named.host("a.localhost").is_none());
        assert_eq!(named.load("192.0.2.8").await, Err(Failure::TooManyNames));
    }

    #[tokio::test]
    async fn hosts_are_kept_while_their_addresses_stay_and_there_is_room() {
        let named = named(1);
        let grow_old = || lock(&named.hosts).values_mut().for_each(|known| known.until = Instant::now());
        named.load("a.localhost").await.unwrap();
        let before = named.host("a.localhost").unwrap();
        grow_old();
        named.load("a.localhost").await.unwrap();
        assert!(Arc::ptr_eq(&before, &named.host("a.localhost").unwrap()));
        grow_old();
        assert_eq!(named.load("192.0.2.7").await, Ok(()));
        assert!(named.host("a.localhost").is_none());
    }
}
