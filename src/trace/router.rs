//! A route configuration: which virtual host a request is for, and which of its routes takes it.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::envoy::route::{Route, RouteConfiguration, VirtualHost};

use super::call::Request;
use super::matching::Metadata;
use super::path::port_of;
use super::route_table::RouteTable;

/// Hosts and routes, indexed. It shares the configuration that it is made of.
#[derive(Debug)]
pub struct Router {
    configuration: Arc<RouteConfiguration>,
    domains: Domains,
    tables: Vec<RouteTable>,
}

/// A virtual host, and the domain by which it was found.
#[derive(Clone, Copy, Debug)]
pub struct HostChoice<'r> {
    pub index: usize,
    pub host: &'r VirtualHost,
    pub domain: &'r str,
    table: &'r RouteTable,
}

/// A route that was looked at.
#[derive(Clone, Debug)]
pub struct Tried<'r> {
    pub index: usize,
    pub route: &'r Route,
    /// Why it does not take the request; `None` if it does.
    pub mismatch: Option<String>,
}

/// Domains in the order in which Envoy looks for them (Envoy 1.40 `source/common/router/config_impl.cc`,
/// `RouteMatcher::findVirtualHost`).
#[derive(Debug, Default)]
struct Domains {
    exact: FxHashMap<String, DomainPlace>,
    /// `*.x`, by length, the longest first.
    suffixes: Vec<(usize, FxHashMap<String, DomainPlace>)>,
    /// `x.*`, likewise.
    prefixes: Vec<(usize, FxHashMap<String, DomainPlace>)>,
    any: Option<DomainPlace>,
}

/// Position of a virtual host, and of the domain in it.
type DomainPlace = (usize, usize);

impl Router {
    pub fn new(configuration: Arc<RouteConfiguration>) -> Self {
        let hosts = &configuration.virtual_hosts;
        Self {
            domains: Domains::new(hosts),
            tables: hosts.iter().map(|host| RouteTable::new(&host.routes)).collect(),
            configuration,
        }
    }

    pub fn configuration(&self) -> &RouteConfiguration {
        &self.configuration
    }

    /// The virtual host for a Host header. Case does not count, and the port only if the configuration says so.
    pub fn host(&self, authority: &str) -> Option<HostChoice<'_>> {
        let host = match port_of(authority).filter(|_| self.configuration.ignore_port_in_host_matching) {
            Some(at) => &authority[..at],
            None => authority,
        };
        let (index, domain) = self.domains.find(&host.to_ascii_lowercase())?;
        let host = &self.configuration.virtual_hosts[index];
        Some(HostChoice { index, host, domain: &host.domains[domain], table: &self.tables[index] })
    }
}

impl<'r> HostChoice<'r> {
    /// The first route that takes the request, and its position. `random` is as in [`RouteTable::find_by`].
    pub fn route(&self, request: &Request, metadata: &Metadata, random: Option<u64>) -> Option<(usize, &'r Route)> {
        let index = self.table.find_by(request, metadata, random)?;
        Some((index, &self.host.routes[index]))
    }

    /// All routes that come before the one that takes the request, and that one; all there are if none does.
    pub fn tried(&self, request: &Request, metadata: &Metadata) -> Vec<Tried<'r>> {
        let count = self.table.find(request, metadata).map_or(self.host.routes.len(), |index| index + 1);
        let tried = self.host.routes.iter().take(count).enumerate().map(|(index, route)| {
            let mismatch = self.table.mismatch(index, request, metadata);
            Tried { index, route, mismatch }
        });
        tried.collect()
    }

    /// How many bytes of the path a route matches.
    pub fn matched_length(&self, route: usize, request: &Request) -> usize {
        self.table.matched_length(route, request)
    }
}

impl Domains {
    fn new(hosts: &[VirtualHost]) -> Self {
        let mut domains = Self::default();
        for (index, host) in hosts.iter().enumerate() {
            for (at, domain) in host.domains.iter().enumerate() {
                domains.add(&domain.to_ascii_lowercase(), (index, at));
            }
        }
        for by_length in [&mut domains.suffixes, &mut domains.prefixes] {
            by_length.sort_unstable_by_key(|(length, _)| std::cmp::Reverse(*length));
        }
        domains
    }

    fn add(&mut self, domain: &str, place: DomainPlace) {
        let (wild, text) = match (domain, domain.strip_prefix('*'), domain.strip_suffix('*')) {
            ("*", _, _) => {
                self.any.get_or_insert(place);
                return;
            }
            (_, Some(suffix), _) => (&mut self.suffixes, suffix),
            (_, _, Some(prefix)) => (&mut self.prefixes, prefix),
            _ => {
                self.exact.entry(domain.to_owned()).or_insert(place);
                return;
            }
        };
        let at = wild.iter().position(|(length, _)| *length == text.len()).unwrap_or_else(|| {
            wild.push((text.len(), FxHashMap::default()));
            wild.len() - 1
        });
        wild[at].1.entry(text.to_owned()).or_insert(place);
    }

    /// `host` is in lower case. A wildcard stands for at least one letter.
    fn find(&self, host: &str) -> Option<DomainPlace> {
        let exact = || self.exact.get(host);
        let suffix = || {
            let shorter = self.suffixes.iter().filter(|(length, _)| *length < host.len());
            shorter.filter_map(|(length, map)| map.get(host.get(host.len() - length..)?)).next()
        };
        let prefix = || {
            let shorter = self.prefixes.iter().filter(|(length, _)| *length < host.len());
            shorter.filter_map(|(length, map)| map.get(host.get(..*length)?)).next()
        };
        exact().or_else(suffix).or_else(prefix).copied().or(self.any)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::Router;
    use crate::envoy::Json;
    use crate::envoy::route::RouteConfiguration;

    #[test]
    fn the_most_specific_domain_wins() {
        let hosts = [
            ("any", vec!["*"]),
            ("exact", vec!["a.b.test", "A.B", "[::1]"]),
            ("suffix", vec!["*.test", "*-x.b.test"]),
            ("longer", vec!["*.b.test"]),
            ("prefix", vec!["a.*"]),
        ];
        let hosts = hosts.map(|(name, domains)| json!({"name": name, "domains": domains}));
        let table = [
            ("a.b.test", "exact", true),
            ("A.b.TEST:8080", "exact", true),
            ("a.b.test:8080", "prefix", false),
            ("a.b", "exact", true),
            ("[::1]:80", "exact", true),
            ("c.b.test", "longer", true),
            ("c-x.b.test", "suffix", true),
            ("x.test", "suffix", true),
            (".test", "any", true),
            ("a.net", "prefix", true),
            ("net", "any", true),
        ];
        for (authority, expected, ignore_port) in table {
            let configuration = json!({"virtualHosts": hosts, "ignorePortInHostMatching": ignore_port});
            let router = Router::new(Arc::new(RouteConfiguration::read(&configuration).unwrap()));
            assert_eq!(router.host(authority).unwrap().host.name, expected, "{authority}");
        }
    }
}
