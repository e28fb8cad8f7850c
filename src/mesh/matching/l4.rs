use ipnet::IpNet;
use rustc_hash::FxHashMap;

use crate::format::Subnet;
use crate::mesh::host_matches;
use crate::model::virtual_service::{L4MatchAttributes, TlsMatchAttributes, VirtualService};
use crate::model::{Int, Labels, Object, Str};

use super::proxies::{Source, gateways};
use super::{Connection, Covers, Proxies};

/// The connections that one entry of `tls[].match` or `tcp[].match` accepts, and for which proxies.
#[derive(Clone, Debug, PartialEq)]
pub struct L4Predicate<'m> {
    /// The names in the ClientHello; empty for TCP.
    sni: Vec<String>,
    subnets: Vec<IpNet>,
    pub port: Option<i64>,
    pub proxies: Proxies<'m>,
}

/// What TLS and TCP have in common.
struct Attributes<'s, 'm> {
    subnets: &'s [Str<'m>],
    port: Option<Int>,
    labels: &'s Labels<'m>,
    gateways: &'s [Str<'m>],
    namespace: Option<Str<'m>>,
}

impl<'m> L4Predicate<'m> {
    /// What a route without `match` accepts.
    pub fn all(service: &Object<'m, VirtualService<'m>>) -> Self {
        let bound = gateways(&service.spec.gateways, service.meta.namespace);
        Self { sni: Vec::new(), subnets: Vec::new(), port: None, proxies: Proxies::all(&bound) }
    }

    pub fn tls(service: &Object<'m, VirtualService<'m>>, attributes: &TlsMatchAttributes<'m>) -> Self {
        let common = Attributes {
            subnets: &attributes.destination_subnets,
            port: attributes.port,
            labels: &attributes.source_labels,
            gateways: &attributes.gateways,
            namespace: attributes.source_namespace,
        };
        let sni = attributes.sni_hosts.iter().map(|host| host.value.to_ascii_lowercase()).collect();
        Self { sni, ..Self::common(service, &common) }
    }

    pub fn tcp(service: &Object<'m, VirtualService<'m>>, attributes: &L4MatchAttributes<'m>) -> Self {
        let common = Attributes {
            subnets: &attributes.destination_subnets,
            port: attributes.port,
            labels: &attributes.source_labels,
            gateways: &attributes.gateways,
            namespace: attributes.source_namespace,
        };
        Self::common(service, &common)
    }

    fn common(service: &Object<'m, VirtualService<'m>>, attributes: &Attributes<'_, 'm>) -> Self {
        let own = service.meta.namespace;
        let source = Source {
            gateways: attributes.gateways,
            labels: attributes.labels,
            namespace: attributes.namespace,
            always: true,
        };
        let subnets = attributes.subnets.iter().filter_map(|text| Subnet::parse(text.value).ok());
        Self {
            sni: Vec::new(),
            subnets: subnets.map(|subnet| subnet.network().trunc()).collect(),
            port: attributes.port.map(|port| port.value).filter(|port| *port != 0),
            proxies: Proxies::new(&gateways(&service.spec.gateways, own), own, &source),
        }
    }

    /// Whether nothing is left for `other`, if it comes later. Names must be equal for that: of names that contain
    /// others Envoy takes the most specific one, wherever it stands; so it does with networks.
    pub fn covers(&self, other: &Self) -> bool {
        self.proxies.covers(&other.proxies) && self.covers_conditions(other)
    }

    fn covers_conditions(&self, other: &Self) -> bool {
        self.port.is_none_or(|port| other.port == Some(port))
            && other.sni.iter().all(|name| self.sni.contains(name))
            && (self.sni.is_empty() || !other.sni.is_empty())
            && match other.subnets.is_empty() {
                true => self.subnets.is_empty(),
                false => other.subnets.iter().all(|network| self.subnets.contains(network)),
            }
    }

    /// A connection that is accepted.
    pub fn witness(&self) -> Option<Connection<'m>> {
        let name = |host: &String| match host.strip_prefix('*') {
            Some(rest) => format!("any{rest}"),
            None => host.clone(),
        };
        Some(Connection {
            sni: self.sni.first().map(name),
            address: self.subnets.first().map(|network| network.hosts().next().unwrap_or(network.addr())),
            port: self.port,
            client: self.proxies.client()?,
        })
    }

    /// Whether a connection is accepted.
    pub fn accepts(&self, connection: &Connection<'m>) -> bool {
        let sni = connection.sni.as_deref();
        self.port.is_none_or(|port| connection.port == Some(port))
            && self.proxies.accepts(&connection.client)
            && (self.sni.is_empty() || sni.is_some_and(|name| self.sni.iter().any(|own| host_matches(own, name))))
            && (self.subnets.is_empty()
                || connection.address.is_some_and(|address| self.subnets.iter().any(|own| own.contains(&address))))
    }
}

/// A name and a port, where there are any.
type Key<'p> = (Option<&'p str>, Option<i64>);

/// Predicates, to be asked which of them cover another.
#[derive(Debug, Default)]
pub struct L4Index<'p, 'm> {
    /// By each of their names, and by port.
    entries: FxHashMap<Key<'p>, Vec<(usize, &'p L4Predicate<'m>)>>,
}

impl<'p, 'm> L4Index<'p, 'm> {
    fn candidates(&self, other: &'p L4Predicate<'m>) -> impl Iterator<Item = (usize, &'p L4Predicate<'m>)> {
        let names = [None, other.sni.first().map(String::as_str)];
        let names = names.into_iter().take(if other.sni.is_empty() { 1 } else { 2 });
        let ports = [None, other.port].into_iter().take(if other.port.is_none() { 1 } else { 2 });
        let keys = names.flat_map(move |name| ports.clone().map(move |port| (name, port)));
        keys.filter_map(|key| self.entries.get(&key)).flatten().copied()
    }
}

impl<'p, 'm> Covers<'p, L4Predicate<'m>> for L4Index<'p, 'm> {
    type Witness = Connection<'m>;

    fn insert(&mut self, number: usize, predicate: &'p L4Predicate<'m>) {
        let names: Vec<_> = match predicate.sni.is_empty() {
            true => vec![None],
            false => predicate.sni.iter().map(|name| Some(name.as_str())).collect(),
        };
        for name in names {
            self.entries.entry((name, predicate.port)).or_default().push((number, predicate));
        }
    }

    fn takers(&self, other: &'p L4Predicate<'m>) -> Option<Vec<usize>> {
        let covering = self.candidates(other).filter(|(_, own)| own.covers_conditions(other));
        let covering: Vec<_> = covering.collect();
        let first = |taken: &dyn Fn(&L4Predicate<'m>) -> bool| {
            covering.iter().filter(|(_, own)| taken(own)).map(|(number, _)| *number).min()
        };
        if let Some(number) = first(&|own| own.proxies.covers(&other.proxies)) {
            return Some(vec![number]);
        }
        let gateways = other.proxies.gateways();
        gateways.map(|gateway| first(&|own| own.proxies.covers_at(gateway, &other.proxies))).collect()
    }

    /// Who accepts the example is who covers the predicate: of the others Envoy takes the most specific one.
    fn witness(&self, of: &'p L4Predicate<'m>) -> Option<(Connection<'m>, usize)> {
        let connection = of.witness()?;
        let covering = self.candidates(of).filter(|(_, own)| own.covers_conditions(of) && own.accepts(&connection));
        let first = covering.map(|(number, _)| number).min()?;
        Some((connection, first))
    }
}
