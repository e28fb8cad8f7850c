//! Listeners for what a workload receives (istio 1.31 `pilot/pkg/networking/core/listener_inbound.go`).

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;

use crate::envoy::core::{Metadata, TrafficDirection};
use crate::envoy::listener::{
    Filter, FilterChain, FilterChainMatch, Listener, ListenerFilter, ListenerPredicate, OriginalDst, OriginalSrc,
    PredicateSet,
};
use crate::envoy::matcher::Int32Range;
use crate::envoy::network_filter::TcpProxy;
use crate::envoy::route::{
    Action, ClusterSpecifier, Decorator, MaxStreamDuration, PathSpecifier, RetryPolicy, Route, RouteAction,
    RouteConfiguration, RouteMatch, VirtualHost,
};
use crate::mesh::{MutualTlsMode, Protocol};
use crate::source::Span;

use super::access_log::Part;
use super::hcm::{self, Manager, Place};
use super::names::{BLACK_HOLE, INBOUND_PASSTHROUGH, inbound_cluster};
use super::proxy::Interception;
use super::security::Security;
use super::sockets::{PLAIN_HTTP, address, detection_timeout, http_inspector, tls_inspector};
use super::stat_names::StatName;
use super::targets::{self, InboundPort};
use super::{Context, provenance, server_tls, tcp};

/// ALPN names that proxies of the mesh offer: for HTTP, for anything, and for what is not HTTP.
const MESH_HTTP: [&str; 3] = ["istio-http/1.0", "istio-http/1.1", "istio-h2"];
const MESH_ALL: [&str; 5] = ["istio", "istio-peer-exchange", "istio-http/1.0", "istio-http/1.1", "istio-h2"];
const MESH_TCP: [&str; 2] = ["istio-peer-exchange", "istio"];

const TLS: &str = "tls";
const RAW_BUFFER: &str = "raw_buffer";

pub(super) fn listeners(context: &Context<'_, '_>, security: &Security) -> Vec<Listener> {
    let inbound = Inbound { context, security };
    let mut ports: Vec<_> = targets::inbound_ports(context).iter().map(|port| inbound.port(port)).collect();
    let bound: Vec<_> = ports.extract_if(.., |port| port.bound).collect();
    let mut listeners: Vec<_> = bound.into_iter().map(|port| inbound.bound_listener(&port)).collect();
    if context.proxy.interception != Interception::None {
        listeners.push(inbound.virtual_inbound(&ports));
    }
    listeners
}

/// A port of the workload, or the ports that nothing is known of.
struct Port {
    /// `None` for all others.
    number: Option<i64>,
    protocol: Protocol,
    bind: String,
    /// It has a listener of its own.
    bound: bool,
    cluster: String,
    stat_prefix: String,
    /// The port of the service, and what traces call it.
    service_port: i64,
    operation: String,
    /// The Sidecar that declares it.
    config: Option<String>,
    /// The port of the service, or the entry of the Sidecar.
    at: Option<Span>,
    mode: MutualTlsMode,
}

/// What a filter chain takes, and what becomes of it.
struct Row {
    transport: &'static str,
    alpn: &'static [&'static str],
    http: bool,
    terminates: bool,
}

const fn row(transport: &'static str, alpn: &'static [&'static str], http: bool, terminates: bool) -> Row {
    Row { transport, alpn, http, terminates }
}

/// The chains of a port, by what it speaks and the mTLS mode in force.
fn rows(protocol: Protocol, mode: MutualTlsMode) -> Vec<Row> {
    use MutualTlsMode::{Disable, Permissive, Strict};
    let (http, tcp) = (true, false);
    let any: &[&str] = &[];
    match (protocol, mode) {
        (Protocol::Auto, Strict) => vec![row(TLS, &MESH_HTTP, http, true), row(TLS, any, tcp, true)],
        (Protocol::Auto, Permissive) => vec![
            row(TLS, &MESH_HTTP, http, true),
            row(RAW_BUFFER, &PLAIN_HTTP, http, false),
            row(TLS, &MESH_TCP, tcp, true),
            row(RAW_BUFFER, any, tcp, false),
            row(TLS, any, tcp, false),
        ],
        (Protocol::Auto, Disable) => {
            vec![row(RAW_BUFFER, &PLAIN_HTTP, http, false), row(RAW_BUFFER, any, tcp, false)]
        }
        (protocol, mode) => {
            let http = protocol.is_http();
            match mode {
                Strict => vec![row(TLS, any, http, true)],
                Permissive if http => vec![row(TLS, &MESH_ALL, http, true), row(RAW_BUFFER, any, http, false)],
                Permissive => {
                    vec![row(TLS, &MESH_ALL, http, true), row(TLS, any, http, false), row(RAW_BUFFER, any, http, false)]
                }
                Disable => vec![row(RAW_BUFFER, any, http, false)],
            }
        }
    }
}

struct Inbound<'x, 'c, 't> {
    context: &'x Context<'c, 't>,
    security: &'x Security,
}

impl<'t> Inbound<'_, '_, 't> {
    fn mode(&self, port: Option<i64>) -> MutualTlsMode {
        let proxy = self.context.proxy;
        self.context.push.mesh.mutual_tls_for(proxy.namespace, &proxy.labels, port).0
    }

    fn port(&self, port: &InboundPort<'t>) -> Port {
        let context = self.context;
        let proxy = context.proxy;
        let cluster = inbound_cluster(port.number);
        let first = port.targets.first();
        let written = port.ingress.and_then(|entry| entry.bind).filter(|bind| !bind.is_empty());
        let bind = match (port.ingress, written) {
            (Some(_), Some(bind)) => bind.value,
            (Some(_), None) => proxy.ip,
            (None, _) => proxy.wildcard(),
        };
        let config = context.push.mesh.settings.config.as_ref();
        let pattern = config.and_then(|config| config.inbound_cluster_stat_name).map_or("", |pattern| pattern.value);
        let sidecar = context.scope.sidecar.filter(|_| port.ingress.is_some());
        let host = match (sidecar, first) {
            (Some(sidecar), _) => format!("{}.{}", sidecar.meta.name.value, sidecar.meta.namespace),
            (None, Some(target)) => target.service.host().to_owned(),
            (None, None) => String::new(),
        };
        let service_port = port.service_port();
        let stat_prefix = match pattern {
            "" => cluster.clone(),
            pattern => StatName {
                service: first.map(|target| target.service).filter(|_| sidecar.is_none()),
                host: &host,
                port: service_port,
                port_name: port.name(),
                ..Default::default()
            }
            .fill(pattern),
        };
        Port {
            number: Some(port.number),
            protocol: match port.protocol {
                // They are as good as TCP here.
                Protocol::Udp => Protocol::Tcp,
                protocol => protocol,
            },
            bind: bind.to_owned(),
            bound: self.is_bound(port),
            cluster,
            stat_prefix,
            service_port,
            operation: format!("{host}:{service_port}/*"),
            config: sidecar.map(|sidecar| {
                let (namespace, name) = (sidecar.meta.namespace, sidecar.meta.name.value);
                format!("/apis/networking.istio.io/v1/namespaces/{namespace}/sidecar/{name}")
            }),
            at: port.ingress.map(|entry| entry.node.head()).or(first.map(|target| target.port.at)),
            mode: self.mode(Some(port.number)),
        }
    }

    fn is_bound(&self, port: &InboundPort<'t>) -> bool {
        let Some(entry) = port.ingress else { return false };
        match entry.capture_mode.map_or("DEFAULT", |mode| mode.value) {
            "NONE" => true,
            "DEFAULT" => self.context.proxy.interception == Interception::None,
            _ => false,
        }
    }

    /// The ports that no service and no Sidecar tells of: all of them, or one that has an mTLS mode of its own.
    fn passthrough(&self, number: Option<i64>) -> Port {
        let config = self.context.push.mesh.settings.config.as_ref();
        let pattern = config.and_then(|config| config.inbound_cluster_stat_name).map_or("", |pattern| pattern.value);
        let stat_prefix = match pattern {
            "" => INBOUND_PASSTHROUGH.to_owned(),
            pattern => StatName { port_name: "virtualInbound", ..Default::default() }.fill(pattern),
        };
        Port {
            number,
            protocol: Protocol::Auto,
            bind: String::new(),
            bound: false,
            cluster: INBOUND_PASSTHROUGH.to_owned(),
            stat_prefix,
            service_port: 0,
            operation: ":0/*".to_owned(),
            config: None,
            at: None,
            mode: self.mode(number),
        }
    }

    /// Ports with an mTLS mode of their own that no service leads to.
    fn other_ports(&self, known: &[Port]) -> Vec<Port> {
        let context = self.context;
        let proxy = context.proxy;
        let own = context.push.mesh.port_level_mutual_tls(proxy.namespace, &proxy.labels);
        let declared: Vec<_> = match context.scope.sidecar.is_some_and(|sidecar| !sidecar.spec.ingress.is_empty()) {
            true => known.iter().filter_map(|port| port.number).collect(),
            false => targets::targets(context).iter().map(|target| target.number).collect(),
        };
        own.into_iter().filter(|port| !declared.contains(port)).map(|port| self.passthrough(Some(port))).collect()
    }

    fn chains(&self, port: &Port) -> Vec<FilterChain> {
        rows(port.protocol, port.mode).iter().map(|row| self.chain(port, row)).collect()
    }

    fn chain(&self, port: &Port, row: &Row) -> FilterChain {
        let is_passthrough = port.cluster == INBOUND_PASSTHROUGH;
        let name = match (is_passthrough, row.http) {
            (true, true) => "virtualInbound-catchall-http".to_owned(),
            (true, false) => "virtualInbound".to_owned(),
            (false, _) => format!("{}_{}", port.bind, port.number.unwrap_or_default()),
        };
        let filters = match row.http {
            true => self.http_filters(port, &name, is_passthrough),
            false => self.tcp_filters(port),
        };
        let mut chain = FilterChain {
            filter_chain_match: Some(FilterChainMatch {
                destination_port: port.number.and_then(|number| number.try_into().ok()),
                transport_protocol: row.transport.to_owned(),
                application_protocols: row.alpn.iter().map(|&name| name.to_owned()).collect(),
                ..Default::default()
            }),
            filters,
            transport_socket: row.terminates.then(|| server_tls::mesh(self.context, row.http)),
            metadata: port.config.as_deref().map(config_metadata),
            name,
            ..Default::default()
        };
        if let Some(at) = port.at {
            provenance::mark(&mut chain.metadata, at);
        }
        chain
    }

    fn http_filters(&self, port: &Port, chain: &str, is_passthrough: bool) -> Vec<Filter> {
        let prefix = match is_passthrough {
            true => format!("{INBOUND_PASSTHROUGH};"),
            false => format!("inbound_{chain};"),
        };
        let mut manager = Manager::new(Place::SidecarInbound, prefix, hcm::inline(routes(port)));
        manager.security = self.security.http_filters().to_vec();
        manager.grpc_web = port.protocol == Protocol::GrpcWeb;
        manager.http2 = port.protocol.is_http2();
        vec![tcp::metadata_exchange(), hcm::filter(self.context, manager)]
    }

    fn tcp_filters(&self, port: &Port) -> Vec<Filter> {
        let mut filters = vec![tcp::metadata_exchange()];
        filters.extend(self.security.network_filters().iter().cloned());
        let access_log = self.context.access_logs.of_connections(Part::Server);
        let proxy = tcp::proxy(self.context, port.stat_prefix.clone(), port.cluster.clone(), None);
        let proxy = TcpProxy { access_log, ..proxy };
        filters.extend(tcp::filters(proxy, port.protocol));
        filters
    }

    fn virtual_inbound(&self, ports: &[Port]) -> Listener {
        let context = self.context;
        let config = context.push.mesh.settings.config.as_ref();
        let own = config.and_then(|config| config.proxy_inbound_listen_port).map_or(15006, |port| port.value);
        let black_hole = FilterChain {
            filter_chain_match: Some(FilterChainMatch { destination_port: own.try_into().ok(), ..Default::default() }),
            filters: vec![tcp::metadata_exchange(), tcp::fixed_filter(context, BLACK_HOLE, false)],
            name: "virtualInbound-blackhole".to_owned(),
            ..Default::default()
        };
        let mut chains = vec![black_hole];
        chains.extend(self.chains(&self.passthrough(None)));
        for port in self.other_ports(ports).iter().chain(ports) {
            chains.extend(self.chains(port));
        }
        let transparent = context.proxy.interception == Interception::TransparentProxy;
        let mut filters = vec![ListenerFilter::new("envoy.filters.listener.original_dst", OriginalDst::default())];
        if transparent {
            let config = OriginalSrc { mark: 1337, ..Default::default() };
            filters.push(ListenerFilter::new("envoy.filters.listener.original_src", config));
        }
        filters.extend(inspectors(&chains));
        Listener {
            name: "virtualInbound".to_owned(),
            address: Some(address(context.proxy.wildcard(), own)),
            filter_chains: chains,
            listener_filters: filters,
            listener_filters_timeout: Some(detection_timeout(context)),
            continue_on_listener_filters_timeout: true,
            transparent: transparent.then_some(true),
            traffic_direction: TrafficDirection::Inbound,
            access_log: context.access_logs.of_listener(Part::Server),
            max_connections_to_accept_per_socket_event: Some(1),
            ..Default::default()
        }
    }

    /// Of a Sidecar's entry that is not reached by redirection.
    fn bound_listener(&self, port: &Port) -> Listener {
        let chains = self.chains(port);
        let number = port.number.unwrap_or_default();
        Listener {
            name: format!("{}_{number}", port.bind),
            address: Some(address(&port.bind, number)),
            listener_filters: inspectors(&chains),
            filter_chains: chains,
            listener_filters_timeout: Some(detection_timeout(self.context)),
            continue_on_listener_filters_timeout: true,
            traffic_direction: TrafficDirection::Inbound,
            access_log: self.context.access_logs.of_listener(Part::Server),
            max_connections_to_accept_per_socket_event: Some(1),
            ..Default::default()
        }
    }
}

fn config_metadata(config: &str) -> Metadata {
    let istio = match json!({"config": config}) {
        serde_json::Value::Object(object) => object,
        _ => Default::default(),
    };
    Metadata { filter_metadata: BTreeMap::from([("istio".to_owned(), istio)]), ..Default::default() }
}

fn routes(port: &Port) -> RouteConfiguration {
    let retries =
        RetryPolicy { retry_on: "reset-before-request".to_owned(), num_retries: Some(2), ..Default::default() };
    let is_grpc = matches!(port.protocol, Protocol::Grpc | Protocol::GrpcWeb);
    let action = RouteAction {
        cluster_specifier: Some(ClusterSpecifier::Cluster(port.cluster.clone())),
        timeout: Some(Duration::ZERO),
        retry_policy: (!is_grpc).then_some(retries),
        max_stream_duration: Some(MaxStreamDuration {
            max_stream_duration: Some(Duration::ZERO),
            grpc_timeout_header_max: Some(Duration::ZERO),
            ..Default::default()
        }),
        ..Default::default()
    };
    let route = Route {
        name: "default".to_owned(),
        r#match: Some(RouteMatch { path_specifier: Some(PathSpecifier::Prefix("/".to_owned())), ..Default::default() }),
        action: Some(Action::Route(action)),
        decorator: Some(Decorator { operation: port.operation.clone(), ..Default::default() }),
        ..Default::default()
    };
    let host = VirtualHost {
        name: format!("inbound|http|{}", port.service_port),
        domains: vec!["*".to_owned()],
        routes: vec![route],
        ..Default::default()
    };
    RouteConfiguration {
        name: port.cluster.clone(),
        virtual_hosts: vec![host],
        validate_clusters: Some(false),
        ..Default::default()
    }
}

/// Whether the chains of a port need to know of TLS, and of HTTP.
type Needs = (bool, bool);

/// The inspectors that some chain needs, each turned off for the ports that do not (`populateListenerFilters`). Port 0
/// stands for all that have no chains of their own.
fn inspectors(chains: &[FilterChain]) -> Vec<ListenerFilter> {
    let mut ports: BTreeMap<u32, Needs> = BTreeMap::new();
    for chain in chains {
        let Some(matched) = &chain.filter_chain_match else { continue };
        let needs = ports.entry(matched.destination_port.unwrap_or(0)).or_default();
        needs.0 |= matched.transport_protocol == TLS;
        needs.1 |= matched.application_protocols.iter().any(|name| PLAIN_HTTP.contains(&name.as_str()));
    }
    let mut filters = Vec::new();
    let without = |needs: fn(&Needs) -> bool| -> Vec<u32> {
        ports.iter().filter(|(_, own)| !needs(own)).map(|(port, _)| *port).collect()
    };
    let with_tls: Vec<_> = ports.iter().filter(|(_, needs)| needs.0).map(|(port, _)| *port).collect();
    if !with_tls.is_empty() {
        let disabled = match with_tls.contains(&0) {
            true => any_port(&without(|needs| needs.0)),
            false => any_port(&with_tls).map(|ports| ListenerPredicate::NotMatch(Box::new(ports))),
        };
        filters.push(ListenerFilter { filter_disabled: disabled, ..tls_inspector() });
    }
    if ports.values().any(|needs| needs.1) {
        let disabled = any_port(&without(|needs| needs.1));
        filters.push(ListenerFilter { filter_disabled: disabled, ..http_inspector() });
    }
    filters
}

fn any_port(ports: &[u32]) -> Option<ListenerPredicate> {
    let range = |port: &u32| {
        let start = i32::try_from(*port).unwrap_or(i32::MAX);
        ListenerPredicate::DestinationPortRange(Int32Range {
            start,
            end: start.saturating_add(1),
            ..Default::default()
        })
    };
    match ports {
        [] => None,
        [one] => Some(range(one)),
        several => {
            let rules = several.iter().map(range).collect();
            Some(ListenerPredicate::OrMatch(PredicateSet { rules, ..Default::default() }))
        }
    }
}
