//! What Envoy refuses of a configuration although istiod sends it.

use std::borrow::Borrow;
use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;
use serde_json::Value;

use super::check::check;
use super::cluster::{Cluster, Discovery, DiscoveryType, LbPolicy};
use super::config::Config;
use super::core::{Address, CidrRange, SocketAddress};
use super::endpoint::ClusterLoadAssignment;
use super::format_string::problem_of_format;
use super::http_connection_manager::RouteSpecifier;
use super::listener::{FilterChain, FilterChainMatch, Listener};
use super::message::{Message, Object};
use super::route::RouteConfiguration;
use crate::format::{Re2, TableSize};

/// A resource that Envoy does not take.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Refusal {
    pub kind: ResourceKind,
    pub name: String,
    pub reason: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ResourceKind {
    Listener,
    Route,
    Cluster,
    Endpoints,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            ResourceKind::Listener => "listener",
            ResourceKind::Route => "route configuration",
            ResourceKind::Cluster => "cluster",
            ResourceKind::Endpoints => "endpoints of",
        };
        write!(f, "Envoy refuses the {kind} `{}`: {}", self.name, self.reason)
    }
}

/// What Envoy runs of a configuration: a resource that it refuses is missing, and the others work without it. Of two
/// clusters with one name, or listeners with one address, the first stays.
///
/// Beside the rules that Envoy's proto files state (see [`check`]) these are some that its code has: about addresses,
/// domains, filter chain matches, server names, weights, regular expressions, headers, formats of access logs, cipher suites, key sets, and what
/// goes with which type of cluster. It is not all that Envoy looks at.
pub fn accepted(config: &Config) -> (Config, Vec<Refusal>) {
    let mut refusals = Vec::new();
    let (mut addresses, mut names) = (BTreeSet::new(), BTreeSet::new());
    let listener = |listener: &Listener| problem_of_listener(listener).or_else(|| taken(listener, &mut addresses));
    let cluster = |cluster: &Cluster| {
        let again = || (!names.insert(cluster.name.clone())).then(|| "there is another of this name".to_owned());
        problem_of_cluster(cluster).or_else(again)
    };
    let config = Config {
        node: config.node.clone(),
        listeners: keep(ResourceKind::Listener, &config.listeners, |item| &item.name, listener, &mut refusals),
        routes: keep(ResourceKind::Route, &config.routes, |item| &item.name, problem_of_routes, &mut refusals),
        clusters: keep(ResourceKind::Cluster, &config.clusters, |item| &item.name, cluster, &mut refusals),
        endpoints: keep(
            ResourceKind::Endpoints,
            &config.endpoints,
            |item| &item.cluster_name,
            problem_of_endpoints,
            &mut refusals,
        ),
    };
    (config, refusals)
}

fn keep<T: Message, R: Borrow<T> + Clone>(
    kind: ResourceKind,
    items: &[R],
    name: impl Fn(&T) -> &str,
    mut problem: impl FnMut(&T) -> Option<String>,
    refusals: &mut Vec<Refusal>,
) -> Vec<R> {
    let mut kept = Vec::new();
    for resource in items {
        let item: &T = resource.borrow();
        let value = item.write();
        let broken_rule = check(T::TYPE, &value).first().map(ToString::to_string);
        match broken_rule.or_else(|| problem_within(&value)).or_else(|| problem(item)) {
            Some(reason) => refusals.push(Refusal { kind, name: name(item).to_owned(), reason }),
            None => kept.push(resource.clone()),
        }
    }
    kept
}

/// What is wrong with a field anywhere in a resource.
fn problem_within(value: &Value) -> Option<String> {
    match value {
        // The fields of these are the user's.
        Value::Object(object) if object.contains_key("filterMetadata") || is_typed_struct(object) => None,
        Value::Object(object) => {
            object.iter().find_map(|(key, value)| problem_of(key, value).or(problem_within(value)))
        }
        Value::Array(items) => items.iter().find_map(problem_within),
        _ => None,
    }
}

fn is_typed_struct(object: &Object) -> bool {
    object.get("@type").and_then(Value::as_str).is_some_and(|name| name.ends_with(".TypedStruct"))
}

fn problem_of(key: &str, value: &Value) -> Option<String> {
    match key {
        "regex" => Re2::parse(value.as_str()?).err().map(|reason| reason.message().to_owned()),
        "requestHeadersToAdd" | "responseHeadersToAdd" | "headersToAdd" => {
            value.as_array()?.iter().find_map(|option| problem_of_header(&option["header"]))
        }
        "logFormat" => problem_of_formats(value),
        "requestHeadersToRemove" => texts(value).find_map(problem_of_header_name),
        "serverNames" => texts(value).find_map(problem_of_server_name),
        "cipherSuites" => texts(value).find_map(problem_of_cipher_suite),
        "weightedClusters" => problem_of_weights(value),
        "localJwks" => problem_of_key_set(value["inlineString"].as_str()?),
        "tableSize" => {
            TableSize::from_number(value.as_str()?.parse().ok()?).err().map(|reason| reason.message().to_owned())
        }
        _ => None,
    }
}

fn texts(value: &Value) -> impl Iterator<Item = &str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str)
}

fn problem_of_header(header: &Value) -> Option<String> {
    problem_of_header_name(header["key"].as_str()?).or_else(|| header["value"].as_str().and_then(problem_of_format))
}

/// The formats of an access log; with `formatters` of its own, it may have more commands than those of Envoy.
fn problem_of_formats(formats: &Value) -> Option<String> {
    match formats {
        Value::String(text) => problem_of_format(text),
        Value::Object(fields) if fields.contains_key("formatters") => None,
        Value::Object(fields) => fields.values().find_map(problem_of_formats),
        Value::Array(items) => items.iter().find_map(problem_of_formats),
        _ => None,
    }
}

fn problem_of_header_name(name: &str) -> Option<String> {
    let fixed = name.starts_with(':') || name.eq_ignore_ascii_case("host");
    fixed.then(|| format!("the header `{name}` cannot be changed in this way"))
}

fn problem_of_server_name(name: &str) -> Option<String> {
    let partial = name.strip_prefix("*.").unwrap_or(name).contains('*');
    partial.then(|| format!("`{name}` is no server name: a `*` stands for whole labels at the start"))
}

/// The cipher suites of TLS 1.3 cannot be chosen.
fn problem_of_cipher_suite(suite: &str) -> Option<String> {
    suite.starts_with("TLS_").then(|| format!("`{suite}` is no cipher suite that can be chosen"))
}

fn problem_of_weights(weighted: &Value) -> Option<String> {
    let weights = weighted["clusters"].as_array()?.iter().map(|cluster| cluster["weight"].as_u64().unwrap_or_default());
    (weights.sum::<u64>() == 0).then(|| "the weights of the clusters are all 0".to_owned())
}

fn problem_of_key_set(text: &str) -> Option<String> {
    let set: Value = serde_json::from_str(text).unwrap_or_default();
    let usable = |key: &Value| matches!(key["kty"].as_str(), Some("RSA" | "EC" | "oct" | "OKP"));
    let has_key = set["keys"].as_array().is_some_and(|keys| keys.iter().any(usable));
    (!has_key).then(|| "the set of keys for tokens has no key".to_owned())
}

fn problem_of_listener(listener: &Listener) -> Option<String> {
    if let Some(Address::SocketAddress(socket)) = &listener.address
        && let Some(problem) = problem_of_address(socket)
    {
        return Some(problem);
    }
    if listener.filter_chains.is_empty() && listener.default_filter_chain.is_none() {
        return Some("it has no filter chain".to_owned());
    }
    let mut seen = BTreeSet::new();
    let overlaps = |chain: &&FilterChain| matched_connections(chain).into_iter().any(|key| !seen.insert(key));
    if let Some(overlapping) = listener.filter_chains.iter().find(overlaps) {
        return Some(format!("the filter chain `{}` is for connections that an earlier one is for", overlapping.name));
    }
    listener.managers().find_map(|manager| match manager.route_specifier.as_ref()? {
        RouteSpecifier::RouteConfig(routes) => problem_of_routes(routes),
        RouteSpecifier::Rds(_) => None,
    })
}

fn problem_of_address(socket: &SocketAddress) -> Option<String> {
    let address = &socket.address;
    address.parse::<IpAddr>().is_err().then(|| format!("`{address}` is not an IP address"))
}

fn taken(listener: &Listener, addresses: &mut BTreeSet<(String, u32)>) -> Option<String> {
    let Some(Address::SocketAddress(SocketAddress { address, port_value: Some(port), .. })) = &listener.address else {
        return None;
    };
    let again = *port != 0 && !addresses.insert((address.clone(), *port));
    again.then(|| format!("an earlier one has the address `{address}:{port}`"))
}

/// The kinds of connections that a chain is for: one value of each criterion, an empty text where it does not care. Envoy
/// compares them so.
fn matched_connections(chain: &FilterChain) -> Vec<Vec<String>> {
    let Some(matched) = &chain.filter_chain_match else { return vec![vec![String::new(); 9]] };
    let FilterChainMatch { server_names, application_protocols, source_ports, .. } = matched;
    let criteria = [
        matched.destination_port.iter().map(u32::to_string).collect(),
        networks(&matched.prefix_ranges),
        server_names.iter().map(|name| name.to_lowercase()).collect(),
        vec![matched.transport_protocol.clone()],
        application_protocols.clone(),
        networks(&matched.direct_source_prefix_ranges),
        vec![matched.source_type.name().to_owned()],
        networks(&matched.source_prefix_ranges),
        source_ports.iter().map(u32::to_string).collect(),
    ];
    criteria.into_iter().fold(vec![Vec::new()], |keys, values| {
        let values = if values.is_empty() { vec![String::new()] } else { values };
        keys.iter()
            .flat_map(|key| values.iter().map(|value| [key.as_slice(), std::slice::from_ref(value)].concat()))
            .collect()
    })
}

/// The networks without the bits after the prefix.
fn networks(ranges: &[CidrRange]) -> Vec<String> {
    let network = |range: &CidrRange| {
        let length = u8::try_from(range.prefix_len.unwrap_or_default()).ok()?;
        Some(IpNet::new(range.address_prefix.parse().ok()?, length).ok()?.trunc().to_string())
    };
    ranges.iter().map(|range| network(range).unwrap_or_else(|| range.address_prefix.clone())).collect()
}

fn problem_of_routes(routes: &RouteConfiguration) -> Option<String> {
    let mut seen = BTreeSet::new();
    let domains = routes.virtual_hosts.iter().flat_map(|host| &host.domains);
    let again = domains.into_iter().find(|domain| !seen.insert(domain.to_lowercase()))?;
    Some(format!("the domain `{again}` is there twice"))
}

fn problem_of_cluster(cluster: &Cluster) -> Option<String> {
    let Some(Discovery::Type(discovery)) = cluster.discovery else { return None };
    let endpoints = cluster.load_assignment.as_ref();
    match discovery {
        DiscoveryType::LogicalDns => {
            let count = endpoints.map_or(0, |endpoints| sockets(endpoints).count());
            (count != 1).then(|| format!("`LOGICAL_DNS` is for one endpoint, and there are {count}"))
        }
        DiscoveryType::OriginalDst => {
            let policy = cluster.lb_policy;
            let fits = policy == LbPolicy::ClusterProvided;
            (!fits).then(|| format!("`ORIGINAL_DST` does not go with the policy `{}`", policy.name()))
        }
        DiscoveryType::Static => endpoints.and_then(problem_of_endpoints),
        DiscoveryType::StrictDns | DiscoveryType::Eds => None,
    }
}

fn problem_of_endpoints(endpoints: &ClusterLoadAssignment) -> Option<String> {
    sockets(endpoints).find_map(|address| match address {
        Address::SocketAddress(socket) => problem_of_address(socket),
        _ => None,
    })
}

fn sockets(endpoints: &ClusterLoadAssignment) -> impl Iterator<Item = &Address> {
    let endpoints = endpoints.endpoints.iter().flat_map(|locality| &locality.lb_endpoints);
    endpoints.filter_map(|endpoint| endpoint.endpoint.as_ref()?.address.as_ref())
}
