//! Which filter chain of a listener takes a connection (Envoy 1.40
//! `source/common/listener_manager/filter_chain_manager_impl.cc`).

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

use crate::envoy::Any;
use crate::envoy::core::CidrRange;
use crate::envoy::listener::{FilterChainMatch, Listener, ListenerFilter, ListenerPredicate};

use super::call::Call;
use super::rbac::network;

/// What is known of a connection when its chain is chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspected {
    pub destination: SocketAddr,
    pub source: IpAddr,
    /// In lower case; only a TLS inspector learns it.
    pub server_name: Option<String>,
    /// `tls` only if a TLS inspector looked, else `raw_buffer`.
    pub transport_protocol: &'static str,
    /// In the order of the client's preference.
    pub application_protocols: Vec<String>,
}

/// Which inspectors look at a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inspectors {
    pub tls: bool,
    pub http: bool,
}

impl Inspectors {
    /// Those of a listener for connections to this port.
    pub fn of(listener: &Listener, port: u16) -> Self {
        let has = |is: fn(&Any) -> bool| {
            let filters = &listener.listener_filters;
            filters.iter().any(|own| own.typed_config.as_ref().is_some_and(is) && runs(own, port.into()))
        };
        Self {
            tls: has(|config| matches!(config, Any::TlsInspector(_))),
            http: has(|config| matches!(config, Any::HttpInspector(_))),
        }
    }
}

impl Inspected {
    /// What the filters of a listener learn.
    pub fn new(listener: &Listener, call: &Call) -> Self {
        let inspectors = Inspectors::of(listener, call.connection.destination.port());
        let mut inspected = Self {
            destination: call.connection.destination,
            source: call.connection.source,
            server_name: None,
            transport_protocol: "raw_buffer",
            application_protocols: Vec::new(),
        };
        match (&call.connection.tls, &call.request) {
            (Some(tls), _) if inspectors.tls => {
                inspected.transport_protocol = "tls";
                inspected.server_name = tls.server_name.as_ref().map(|name| name.to_ascii_lowercase());
                inspected.application_protocols.clone_from(&tls.application_protocols);
            }
            (None, Some(request)) if inspectors.http => {
                inspected.application_protocols.push(request.version.inspected().to_owned());
            }
            _ => {}
        }
        inspected
    }
}

fn runs(filter: &ListenerFilter, port: i32) -> bool {
    !filter.filter_disabled.as_ref().is_some_and(|predicate| holds(predicate, port))
}

fn holds(predicate: &ListenerPredicate, port: i32) -> bool {
    match predicate {
        ListenerPredicate::OrMatch(set) => set.rules.iter().any(|rule| holds(rule, port)),
        ListenerPredicate::AndMatch(set) => set.rules.iter().all(|rule| holds(rule, port)),
        ListenerPredicate::NotMatch(inner) => !holds(inner, port),
        ListenerPredicate::AnyMatch(any) => *any,
        ListenerPredicate::DestinationPortRange(range) => (range.start..range.end).contains(&port),
        ListenerPredicate::Other(_) => false,
    }
}

/// The position of the chain that takes the connection; the default chain comes after all others. `None`: the connection
/// is closed.
///
/// This is a sieve: each criterion keeps the chains that fit best, else those that do not have it. What has fallen through
/// once does not come back, so a chain may be missed that would fit by all criteria.
pub fn choose(listener: &Listener, inspected: &Inspected) -> Option<usize> {
    let default = listener.default_filter_chain.as_ref().map(|_| listener.filter_chains.len());
    let mut left: Vec<(usize, &FilterChainMatch)> = Vec::new();
    for (index, chain) in listener.filter_chains.iter().enumerate() {
        match &chain.filter_chain_match {
            Some(matched) => left.push((index, matched)),
            None => left.push((index, &EVERYTHING)),
        }
    }
    for criterion in CRITERIA {
        let ranks: Vec<_> = left.iter().map(|(_, matched)| criterion(matched, inspected)).collect();
        let best = ranks.iter().flatten().max().copied();
        let mut ranks = ranks.into_iter();
        left.retain(|_| ranks.next().flatten() == best && best.is_some());
    }
    left.first().map(|(index, _)| *index).or(default)
}

static EVERYTHING: std::sync::LazyLock<FilterChainMatch> = std::sync::LazyLock::new(FilterChainMatch::default);

/// How well a chain fits by one criterion: 0 if it does not have it, `None` if it does not fit.
type Criterion = fn(&FilterChainMatch, &Inspected) -> Option<u32>;

const CRITERIA: [Criterion; 8] = [
    |matched, inspected| match matched.destination_port {
        None => Some(0),
        Some(port) => (port == u32::from(inspected.destination.port())).then_some(1),
    },
    |matched, inspected| longest(&matched.prefix_ranges, inspected.destination.ip()),
    |matched, inspected| server_name(&matched.server_names, inspected.server_name.as_deref()),
    |matched, inspected| match matched.transport_protocol.as_str() {
        "" => Some(0),
        wanted => (wanted == inspected.transport_protocol).then_some(1),
    },
    |matched, inspected| application_protocol(&matched.application_protocols, &inspected.application_protocols),
    |matched, inspected| longest(&matched.direct_source_prefix_ranges, inspected.source),
    |matched, inspected| longest(&matched.source_prefix_ranges, inspected.source),
    // The port of a client is any.
    |matched, _| matched.source_ports.is_empty().then_some(0),
];

fn longest(ranges: &[CidrRange], address: IpAddr) -> Option<u32> {
    if ranges.is_empty() {
        return Some(0);
    }
    let containing = ranges.iter().filter_map(network).filter(|network: &IpNet| network.contains(&address));
    containing.map(|network| u32::from(network.prefix_len()) + 1).max()
}

/// An exact name is better than any wildcard, and a longer one better than a shorter.
fn server_name(names: &[String], asked: Option<&str>) -> Option<u32> {
    if names.is_empty() {
        return Some(0);
    }
    let asked = asked?;
    let rank = |name: &String| match name.strip_prefix('*') {
        Some(suffix) => (asked.len() > suffix.len() && asked.ends_with(suffix)).then_some(suffix.len() as u32 + 1),
        None => (name == asked).then_some(u32::MAX),
    };
    names.iter().filter_map(rank).max()
}

/// What the client prefers is better.
fn application_protocol(protocols: &[String], offered: &[String]) -> Option<u32> {
    if protocols.is_empty() {
        return Some(0);
    }
    let at = offered.iter().position(|protocol| protocols.contains(protocol))?;
    Some(u32::MAX - at as u32)
}

/// Why no chain takes the connection, or why this one does: what a chain asks for.
pub fn describe(matched: Option<&FilterChainMatch>) -> String {
    let Some(matched) = matched else { return "any connection".to_owned() };
    let mut parts = Vec::new();
    parts.extend(matched.destination_port.map(|port| format!("port {port}")));
    if !matched.prefix_ranges.is_empty() {
        let ranges: Vec<_> = matched.prefix_ranges.iter().map(cidr).collect();
        parts.push(format!("address {}", ranges.join(" or ")));
    }
    if !matched.server_names.is_empty() {
        parts.push(format!("server name {}", matched.server_names.join(" or ")));
    }
    if !matched.transport_protocol.is_empty() {
        parts.push(matched.transport_protocol.clone());
    }
    if !matched.application_protocols.is_empty() {
        parts.push(matched.application_protocols.join(" or "));
    }
    if parts.is_empty() { "any connection".to_owned() } else { parts.join(", ") }
}

fn cidr(range: &CidrRange) -> String {
    format!("{}/{}", range.address_prefix, range.prefix_len.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Inspected, choose};
    use crate::envoy::Json;
    use crate::envoy::listener::Listener;
    use crate::trace::{Call, ClientTls, Connection, Request};

    fn call(destination: &str, tls: Option<(&str, &[&str])>, http: bool) -> Call {
        let tls = tls.map(|(name, protocols)| ClientTls {
            server_name: (!name.is_empty()).then(|| name.to_owned()),
            application_protocols: protocols.iter().map(|&protocol| protocol.to_owned()).collect(),
            identity: None,
        });
        Call {
            connection: Connection {
                destination: destination.parse().unwrap(),
                source: "10.9.9.9".parse().unwrap(),
                tls,
            },
            request: http.then(|| Request::get("a", "/")),
        }
    }

    fn chosen(listener: &Value, call: &Call) -> Option<usize> {
        let listener = Listener::read(listener).unwrap();
        choose(&listener, &Inspected::new(&listener, call))
    }

    fn inspector(name: &str, kind: &str) -> Value {
        let kind = format!("type.googleapis.com/envoy.extensions.filters.listener.{name}.v3.{kind}");
        json!({"name": name, "typedConfig": {"@type": kind}})
    }

    #[test]
    fn the_sieve_does_not_go_back() {
        let listener = json!({
            "listenerFilters": [inspector("tls_inspector", "TlsInspector"), inspector("http_inspector", "HttpInspector")],
            "filterChains": [
                {"filterChainMatch": {"transportProtocol": "raw_buffer"}},
                {"filterChainMatch": {"destinationPort": 8080, "transportProtocol": "tls"}},
                {"filterChainMatch": {"destinationPort": 9090, "transportProtocol": "tls",
                    "applicationProtocols": ["istio-http/1.1"]}},
                {"filterChainMatch": {"destinationPort": 9090, "applicationProtocols": ["http/1.1", "h2c"]}},
                {"filterChainMatch": {"destinationPort": 9090}},
            ],
        });
        let table = [
            ("10.0.0.1:80", None, true, Some(0)),
            // The port has chains, so those without a port are out, and none of its own is for plain text.
            ("10.0.0.1:8080", None, true, None),
            ("10.0.0.1:8080", Some(("", &[][..])), true, Some(1)),
            ("10.0.0.1:9090", Some(("", &["istio", "istio-http/1.1"])), true, Some(2)),
            // TLS leads to the only chain for TLS, whose protocols it does not speak.
            ("10.0.0.1:9090", Some(("", &["h2"])), true, None),
            ("10.0.0.1:9090", None, true, Some(3)),
            ("10.0.0.1:9090", None, false, Some(4)),
        ];
        for (destination, tls, http, expected) in table {
            assert_eq!(chosen(&listener, &call(destination, tls, http)), expected, "{destination} {tls:?} {http}");
        }
    }

    #[test]
    fn names_and_addresses_are_the_most_specific() {
        let listener = json!({
            "listenerFilters": [inspector("tls_inspector", "TlsInspector")],
            "filterChains": [
                {"filterChainMatch": {"serverNames": ["*.test"]}},
                {"filterChainMatch": {"serverNames": ["*.b.test", "x.net"]}},
                {"filterChainMatch": {"serverNames": ["a.b.test"]}},
                {"filterChainMatch": {"prefixRanges": [{"addressPrefix": "10.0.0.0", "prefixLen": 8}]}},
                {"filterChainMatch": {"prefixRanges": [{"addressPrefix": "10.0.0.0", "prefixLen": 24}],
                    "serverNames": ["z"]}},
            ],
            "defaultFilterChain": {},
        });
        let table = [
            ("192.0.2.1:443", "A.b.test", Some(2)),
            ("192.0.2.1:443", "c.b.test", Some(1)),
            ("192.0.2.1:443", "c.d.test", Some(0)),
            ("192.0.2.1:443", "test", Some(5)),
            ("10.1.0.1:443", "a.b.test", Some(3)),
            ("10.0.0.1:443", "a.b.test", Some(5)),
            ("10.0.0.1:443", "z", Some(4)),
        ];
        for (destination, name, expected) in table {
            assert_eq!(
                chosen(&listener, &call(destination, Some((name, &[])), false)),
                expected,
                "{destination} {name}"
            );
        }
    }

    #[test]
    fn what_is_not_inspected_is_not_known() {
        let chains = json!([
            {"filterChainMatch": {"transportProtocol": "tls"}},
            {"filterChainMatch": {"applicationProtocols": ["http/1.1"]}},
            {"filterChainMatch": {}},
        ]);
        let tls = call("10.0.0.1:80", Some(("a", &["http/1.1"])), true);
        assert_eq!(chosen(&json!({"filterChains": chains}), &tls), Some(2));
        assert_eq!(chosen(&json!({"filterChains": chains}), &call("10.0.0.1:80", None, true)), Some(2));
        let mut disabled = inspector("tls_inspector", "TlsInspector");
        disabled["filterDisabled"] = json!({"orMatch": {"rules": [{"destinationPortRange": {"start": 80, "end": 81}},
            {"notMatch": {"anyMatch": true}}]}});
        let listener = json!({"listenerFilters": [disabled], "filterChains": chains});
        assert_eq!(chosen(&listener, &tls), Some(2));
        assert_eq!(chosen(&listener, &call("10.0.0.1:81", Some(("", &[])), true)), Some(0));
    }
}
