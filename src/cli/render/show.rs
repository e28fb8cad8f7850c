//! A configuration as tables, as `istioctl proxy-config` shows it, with the places in the files that rows come from.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::Arc;

use serde_json::{Value, json};

use crate::envoy::cluster::{Cluster, Discovery, LbPolicy};
use crate::envoy::core::{Address, HealthStatus, Metadata};
use crate::envoy::endpoint::ClusterLoadAssignment;
use crate::envoy::http_connection_manager::{HttpConnectionManager, RouteSpecifier};
use crate::envoy::listener::{Filter, FilterChain};
use crate::envoy::network_filter::{TcpClusterSpecifier, TcpProxy};
use crate::envoy::route::{
    Action, ClusterSpecifier, HeaderMatch, PathSpecifier, QueryParameterMatch, Route, RouteMatch, VirtualHost,
};
use crate::envoy::{Any, Config, Json};
use crate::source::Sources;
use crate::translate::{Part, Provenance};

use crate::cli::table::Table;

use super::places::{Places, line};
use super::select::{ClusterName, Section, SelectArguments};

/// A configuration, and where it comes from.
pub(in crate::cli) struct Shown<'s> {
    pub config: Config,
    pub provenance: Provenance,
    pub places: &'s Places,
    pub sources: &'s Sources,
}

pub(super) fn write(shown: &Shown<'_>, selection: &SelectArguments, out: &mut dyn Write) -> io::Result<()> {
    let Shown { config, places, .. } = shown;
    let mut written = false;
    let mut heading = |out: &mut dyn Write, section, title: &str, is_empty: bool| -> io::Result<bool> {
        if is_empty || !selection.shows(section) {
            return Ok(false);
        }
        writeln!(out, "{}{title}", if written { "\n" } else { "" })?;
        written = true;
        Ok(true)
    };
    if heading(out, Section::Listeners, "LISTENERS", config.listeners.is_empty())? {
        listeners(shown).write(out)?;
    }
    if heading(out, Section::Routes, "ROUTES", config.routes.is_empty())? {
        routes(shown).write(out)?;
    }
    if heading(out, Section::Clusters, "CLUSTERS", config.clusters.is_empty())? {
        clusters(&config.clusters, places).write(out)?;
    }
    if heading(out, Section::Endpoints, "ENDPOINTS", config.endpoints.is_empty())? {
        endpoints(&config.endpoints, places).write(out)?;
    }
    let secrets = secrets(config, places);
    if !secrets.is_empty() {
        writeln!(out, "\nSECRETS")?;
        secrets.write(out)?;
    }
    Ok(())
}

fn address(address: Option<&Address>) -> (String, String) {
    match address {
        Some(Address::SocketAddress(socket)) => {
            (socket.address.clone(), socket.port_value.unwrap_or_default().to_string())
        }
        Some(Address::Pipe(pipe)) => (pipe.path.clone(), String::new()),
        _ => (String::new(), String::new()),
    }
}

impl Shown<'_> {
    fn source(&self, part: &Part) -> String {
        self.provenance.get(part).map(|at| line(self.sources, at)).unwrap_or_default()
    }
}

fn listeners(shown: &Shown<'_>) -> Table<5> {
    let mut table = Table::new(["ADDRESS", "PORT", "MATCH", "DESTINATION", "SOURCE"]);
    for listener in &shown.config.listeners {
        let (address, port) = address(listener.address.as_ref());
        for (index, chain) in listener.chains().enumerate() {
            let destination = chain.filters.iter().find_map(destination).unwrap_or_default();
            let source = shown.source(&Part::Chain { listener: listener.name.clone(), index });
            table.push([address.clone(), port.clone(), chain_match(chain), destination, source]);
        }
    }
    table
}

fn chain_match(chain: &FilterChain) -> String {
    let Some(matched) = &chain.filter_chain_match else { return "ALL".to_owned() };
    let mut parts = Vec::new();
    if !matched.server_names.is_empty() {
        parts.push(format!("SNI: {}", matched.server_names.join(",")));
    }
    if !matched.transport_protocol.is_empty() {
        parts.push(format!("Trans: {}", matched.transport_protocol));
    }
    if !matched.application_protocols.is_empty() {
        parts.push(format!("App: {}", matched.application_protocols.join(",")));
    }
    let ranges = matched.prefix_ranges.iter();
    let ranges: Vec<_> =
        ranges.map(|range| format!("{}/{}", range.address_prefix, range.prefix_len.unwrap_or_default())).collect();
    let port = matched.destination_port.map(|port| port.to_string()).unwrap_or_default();
    if !ranges.is_empty() || !port.is_empty() {
        let addresses = if ranges.is_empty() { "*".to_owned() } else { ranges.join(",") };
        let port = if port.is_empty() { String::new() } else { format!(":{port}") };
        parts.push(format!("Addr: {addresses}{port}"));
    }
    if parts.is_empty() { "ALL".to_owned() } else { parts.join("; ") }
}

fn destination(filter: &Filter) -> Option<String> {
    match filter.typed_config.as_ref()? {
        Any::HttpConnectionManager(manager) => http_destination(manager),
        Any::TcpProxy(proxy) => tcp_destination(proxy),
        _ => None,
    }
}

fn http_destination(manager: &HttpConnectionManager) -> Option<String> {
    match manager.route_specifier.as_ref()? {
        RouteSpecifier::Rds(rds) => Some(format!("Route: {}", rds.route_config_name)),
        RouteSpecifier::RouteConfig(routes) => Some(format!("Inline Route: {}", routes.name)),
    }
}

fn tcp_destination(proxy: &TcpProxy) -> Option<String> {
    Some(match proxy.cluster_specifier.as_ref()? {
        TcpClusterSpecifier::Cluster(name) => format!("Cluster: {name}"),
        TcpClusterSpecifier::WeightedClusters(weighted) => {
            let parts = weighted.clusters.iter().map(|cluster| format!("{} {}", cluster.weight, cluster.name));
            format!("Clusters: {}", parts.collect::<Vec<_>>().join(", "))
        }
    })
}

fn routes(shown: &Shown<'_>) -> Table<7> {
    let mut table = Table::new(["NAME", "VHOST", "DOMAINS", "MATCH", "DESTINATION", "VIRTUAL SERVICE", "SOURCE"]);
    for configuration in &shown.config.routes {
        for host in &configuration.virtual_hosts {
            if host.routes.is_empty() {
                let cells = [&configuration.name, &host.name, &domains(host), "", "404", "", ""];
                table.push(cells.map(str::to_owned));
            }
            for (index, route) in host.routes.iter().enumerate() {
                let (configuration_name, virtual_host) = (configuration.name.clone(), host.name.clone());
                let part = Part::Route { configuration: configuration_name, virtual_host, index };
                let metadata = route.metadata.as_ref();
                table.push([
                    configuration.name.clone(),
                    host.name.clone(),
                    domains(host),
                    route.r#match.as_ref().map(route_match).unwrap_or_default(),
                    route_destination(route),
                    metadata.and_then(config_of).map(|path| short(&path)).unwrap_or_default(),
                    shown.source(&part),
                ]);
            }
        }
    }
    table
}

/// The first and how many more.
fn domains(host: &VirtualHost) -> String {
    match host.domains.as_slice() {
        [first, rest @ ..] if !rest.is_empty() => format!("{first} + {} more", rest.len()),
        domains => domains.join(","),
    }
}

fn route_match(matched: &RouteMatch) -> String {
    let mut parts = vec![match &matched.path_specifier {
        Some(PathSpecifier::Prefix(prefix)) => format!("{prefix}*"),
        Some(PathSpecifier::Path(path)) => path.clone(),
        Some(PathSpecifier::SafeRegex(regex)) => format!("~{}", regex.regex),
        Some(PathSpecifier::PathSeparatedPrefix(prefix)) => format!("{prefix}/*"),
        _ => String::new(),
    }];
    parts.extend(matched.headers.iter().map(|header| {
        let test = match &header.specifier {
            Some(HeaderMatch::StringMatch(text)) => text_match(&text.write()),
            _ => " present".to_owned(),
        };
        format!("{}{}{test}", if header.invert_match { "not " } else { "" }, header.name)
    }));
    parts.extend(matched.query_parameters.iter().map(|parameter| {
        let test = match &parameter.specifier {
            Some(QueryParameterMatch::StringMatch(text)) => text_match(&text.write()),
            _ => " present".to_owned(),
        };
        format!("?{}{test}", parameter.name)
    }));
    parts.join(" & ")
}

/// `=exact`, `=prefix*`, `~regex`.
fn text_match(matcher: &Value) -> String {
    let text = |key: &str| matcher.get(key).and_then(Value::as_str);
    if let Some(exact) = text("exact") {
        return format!("={exact}");
    }
    if let Some(prefix) = text("prefix") {
        return format!("={prefix}*");
    }
    if let Some(suffix) = text("suffix") {
        return format!("=*{suffix}");
    }
    let regex = matcher.pointer("/safeRegex/regex").and_then(Value::as_str);
    regex.map_or_else(String::new, |regex| format!("~{regex}"))
}

fn route_destination(route: &Route) -> String {
    match &route.action {
        Some(Action::Route(action)) => match &action.cluster_specifier {
            Some(ClusterSpecifier::Cluster(name)) => name.clone(),
            Some(ClusterSpecifier::WeightedClusters(weighted)) => {
                let parts = weighted.clusters.iter();
                let parts = parts.map(|cluster| format!("{} {}", cluster.weight.unwrap_or_default(), cluster.name));
                parts.collect::<Vec<_>>().join(", ")
            }
            _ => String::new(),
        },
        Some(Action::Redirect(redirect)) => {
            let value = redirect.write();
            let host = value.get("hostRedirect").and_then(Value::as_str).unwrap_or_default();
            let path = value.get("pathRedirect").or(value.get("prefixRewrite")).and_then(Value::as_str);
            format!("redirect {host}{}", path.unwrap_or_default())
        }
        Some(Action::DirectResponse(response)) => format!("response {}", response.status),
        None => String::new(),
    }
}

fn clusters(clusters: &[Arc<Cluster>], places: &Places) -> Table<7> {
    let mut table = Table::new(["SERVICE FQDN", "PORT", "SUBSET", "DIRECTION", "TYPE", "DESTINATION RULE", "SOURCE"]);
    for cluster in clusters {
        let parts = ClusterName::parse(&cluster.name);
        let or_dash = |text: &str| if text.is_empty() { "-".to_owned() } else { text.to_owned() };
        let part =
            |get: fn(&ClusterName<'_>) -> String| parts.as_ref().map(get).map_or("-".to_owned(), |text| or_dash(&text));
        let host = parts.as_ref().map_or("", |parts| parts.host);
        let host = if host.is_empty() { cluster.name.as_str() } else { host };
        let path = cluster.metadata.as_ref().and_then(config_of);
        let subset = parts.as_ref().map_or("", |parts| parts.subset);
        let source = path.as_ref().and_then(|path| places.of_subset(path, subset).or_else(|| places.of_config(path)));
        table.push([
            host.to_owned(),
            part(|parts| parts.port.to_owned()),
            part(|parts| parts.subset.to_owned()),
            part(|parts| parts.direction.to_owned()),
            kind(cluster),
            path.as_deref().map(short).unwrap_or_default(),
            source.unwrap_or_default(),
        ]);
    }
    table
}

fn kind(cluster: &Cluster) -> String {
    let kind = match &cluster.discovery {
        Some(Discovery::Type(kind)) => kind.write().as_str().unwrap_or_default().to_owned(),
        Some(Discovery::ClusterType(custom)) => custom.name.clone(),
        None => "STATIC".to_owned(),
    };
    match cluster.lb_policy {
        LbPolicy::RingHash | LbPolicy::Maglev | LbPolicy::Random => {
            format!("{kind} {}", cluster.lb_policy.write().as_str().unwrap_or_default())
        }
        _ => kind,
    }
}

fn endpoints(assignments: &[Arc<ClusterLoadAssignment>], places: &Places) -> Table<6> {
    let mut table = Table::new(["ENDPOINT", "STATUS", "WEIGHT", "LOCALITY", "CLUSTER", "SOURCE"]);
    for assignment in assignments {
        let host = ClusterName::parse(&assignment.cluster_name).map_or("", |parts| parts.host);
        let source = places.service(host).unwrap_or_default();
        for group in &assignment.endpoints {
            let locality = group.locality.as_ref().map(|place| {
                let parts = [&place.region, &place.zone, &place.sub_zone];
                parts.into_iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join("/")
            });
            for endpoint in &group.lb_endpoints {
                let socket = endpoint.endpoint.as_ref().and_then(|endpoint| endpoint.address.as_ref());
                let (host, port) = address(socket);
                table.push([
                    if port.is_empty() { host } else { format!("{host}:{port}") },
                    match endpoint.health_status {
                        HealthStatus::Unknown | HealthStatus::Healthy => "HEALTHY".to_owned(),
                        status => status.write().as_str().unwrap_or_default().to_owned(),
                    },
                    endpoint.load_balancing_weight.unwrap_or(1).to_string(),
                    locality.clone().unwrap_or_default(),
                    assignment.cluster_name.clone(),
                    source.clone(),
                ]);
            }
        }
    }
    table
}

/// The secrets that TLS contexts ask for by name.
fn secrets(config: &Config, places: &Places) -> Table<3> {
    let mut names = BTreeMap::new();
    let parts = config.listeners.iter().map(Json::write).chain(config.clusters.iter().map(Json::write));
    for part in parts {
        collect_secrets(&part, &mut names);
    }
    let mut table = Table::new(["SECRET", "TYPE", "SOURCE"]);
    for (name, kind) in names {
        let source = places.secret(&name).unwrap_or_default();
        table.push([name, kind.to_owned(), source]);
    }
    table
}

fn collect_secrets(value: &Value, names: &mut BTreeMap<String, &'static str>) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                let kind = match key.as_str() {
                    "tlsCertificateSdsSecretConfigs" => "certificate",
                    "validationContextSdsSecretConfig" => "authorities",
                    _ => {
                        collect_secrets(value, names);
                        continue;
                    }
                };
                let configs = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
                let found = configs.iter().filter_map(|config| config.get("name")?.as_str());
                names.extend(found.map(|name| (name.to_owned(), kind)));
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect_secrets(item, names)),
        _ => {}
    }
}

/// The path of the resource that something was made from, as istiod writes it.
pub(super) fn config_of(metadata: &Metadata) -> Option<String> {
    Some(metadata.filter_metadata.get("istio")?.get("config")?.as_str()?.to_owned())
}

/// `name.namespace` of a resource's path.
fn short(path: &str) -> String {
    let mut parts = path.rsplit('/');
    let (name, _kind, namespace) = (parts.next(), parts.next(), parts.next());
    format!("{}.{}", name.unwrap_or_default(), namespace.unwrap_or_default())
}

/// Where everything comes from: an array of parts, each with the places of the resources that made it.
pub(in crate::cli) fn provenance(shown: &Shown<'_>) -> Value {
    let Shown { config, places, .. } = shown;
    let mut parts = Vec::new();
    let mut add = |kind: &str, name: String, sources: Vec<String>| {
        let mut known: Vec<_> = sources.into_iter().filter(|source| !source.is_empty()).collect();
        known.dedup();
        if !known.is_empty() {
            parts.push(json!({"kind": kind, "name": name, "sources": known}));
        }
    };
    for listener in &config.listeners {
        for (index, chain) in listener.chains().enumerate() {
            let source = shown.source(&Part::Chain { listener: listener.name.clone(), index });
            add("filter chain", format!("{} {}", listener.name, chain_match(chain)), vec![source]);
        }
    }
    for configuration in &config.routes {
        for host in &configuration.virtual_hosts {
            let mut all = Vec::new();
            for (index, route) in host.routes.iter().enumerate() {
                let (configuration, virtual_host) = (configuration.name.clone(), host.name.clone());
                let source = shown.source(&Part::Route { configuration, virtual_host, index });
                let matched = route.r#match.as_ref().map(route_match).unwrap_or_default();
                all.push((format!("{} {matched}", host.name), source));
            }
            let host_sources = all.iter().map(|(_, source)| source.clone()).collect();
            add("virtual host", format!("{} {}", configuration.name, host.name), host_sources);
            for (name, source) in all {
                add("route", name, vec![source]);
            }
        }
    }
    for cluster in &config.clusters {
        let rule = cluster.metadata.as_ref().and_then(config_of).and_then(|path| places.of_config(&path));
        let service = ClusterName::parse(&cluster.name).and_then(|parts| places.service(parts.host));
        add("cluster", cluster.name.clone(), service.into_iter().chain(rule).collect());
    }
    Value::Array(parts)
}
