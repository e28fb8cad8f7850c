//! Filter chains of gateways (istio 1.31 `pilot/pkg/networking/core/gateway.go`).

use crate::envoy::core::TransportSocket;
use crate::envoy::listener::{Filter, FilterChain, FilterChainMatch};
use crate::mesh::{GatewayReference, Protocol, host_subset_of, is_tls_route};
use crate::model::virtual_service::RouteDestination;
use crate::model::{Int, Str};
use crate::translate::hcm::{self, Manager, Place};
use crate::translate::push::VirtualService;
use crate::translate::security::Security;
use crate::translate::sockets::CONNECT_TIMEOUT;
use crate::translate::{Context, tcp};

use crate::source::Span;
use crate::translate::provenance;

use super::servers::{Group, HostsInUse, Server, Servers, TlsMode};
use super::tls;

/// Names by which proxies of the mesh announce mutual TLS.
const MESH_PROTOCOLS: [&str; 5] = ["istio", "istio-peer-exchange", "istio-http/1.0", "istio-http/1.1", "istio-h2"];

/// A filter chain that is told from others by what the client says before TLS starts.
pub(super) struct Chain {
    server_names: Vec<String>,
    application_protocols: Vec<String>,
    transport_socket: Option<TransportSocket>,
    filters: Vec<Filter>,
    /// What it is made from.
    at: Span,
}

impl Chain {
    fn new(filters: Vec<Filter>, at: Span) -> Self {
        Self { server_names: Vec::new(), application_protocols: Vec::new(), transport_socket: None, filters, at }
    }

    fn with_names<'n>(self, names: impl IntoIterator<Item = &'n str>) -> Self {
        Self { server_names: names.into_iter().map(str::to_owned).collect(), ..self }
    }

    fn with_tls(self, context: &Context<'_, '_>, server: &Server<'_>) -> Self {
        Self { transport_socket: tls::transport_socket(context, server), ..self.with_names(server.server_names()) }
    }

    pub fn looks_at_tls(&self) -> bool {
        !self.server_names.is_empty() || self.transport_socket.is_some()
    }

    pub fn finish(mut self) -> FilterChain {
        // Envoy refuses `*`; without names all are meant.
        if self.server_names.iter().any(|name| name == "*") {
            self.server_names.clear();
        }
        self.server_names.sort_unstable();
        let matches_all = self.server_names.is_empty() && self.application_protocols.is_empty();
        let filter_chain_match = FilterChainMatch {
            server_names: self.server_names,
            application_protocols: self.application_protocols,
            ..Default::default()
        };
        let mut chain = FilterChain {
            filter_chain_match: (!matches_all).then_some(filter_chain_match),
            filters: self.filters,
            transport_socket: self.transport_socket,
            transport_socket_connect_timeout: Some(CONNECT_TIMEOUT),
            ..Default::default()
        };
        provenance::mark(&mut chain.metadata, self.at);
        chain
    }
}

/// Makes the chains of one proxy.
pub(super) struct Chains<'x, 'c, 't> {
    context: &'x Context<'c, 't>,
    servers: &'x Servers<'t>,
    security: &'x Security,
    /// What is passed on by SNI.
    names: HostsInUse<'t, &'t str>,
}

impl<'x, 'c, 't> Chains<'x, 'c, 't> {
    pub fn new(context: &'x Context<'c, 't>, servers: &'x Servers<'t>, security: &'x Security) -> Self {
        Self { context, servers, security, names: HostsInUse::default() }
    }

    /// `listener` is the name of the listener that they are for.
    pub fn of_group(&mut self, group: &Group<'t>, listener: &str) -> Vec<Chain> {
        let protocol = group.protocol();
        if protocol.is_http() {
            let Some(server) = group.servers.first() else { return Vec::new() };
            return vec![self.http(&group.route_name, format!("outbound_{listener};"), protocol, server.at())];
        }
        group.servers.iter().flat_map(|server| self.of_server(server, listener)).collect()
    }

    fn of_server(&mut self, server: &Server<'t>, listener: &str) -> Vec<Chain> {
        match server.tls_mode() {
            None => self.tcp(server).into_iter().collect(),
            Some(TlsMode::Passthrough) => self.passed_on(server),
            Some(TlsMode::AutoPassthrough) => self.passed_on_to_services(server),
            Some(_) if server.terminates_https() => {
                let prefix = match server.name() {
                    "" => format!("outbound_{listener};"),
                    name => name.to_owned(),
                };
                let chain = self.http(&server.route_name, prefix, server.protocol, server.at());
                vec![chain.with_tls(self.context, server)]
            }
            Some(_) => self.tcp(server).map(|chain| chain.with_tls(self.context, server)).into_iter().collect(),
        }
    }

    fn http(&self, route_name: &str, stat_prefix: String, protocol: Protocol, at: Span) -> Chain {
        let mut manager = Manager::new(Place::Gateway, stat_prefix, hcm::rds(route_name));
        manager.security = self.security.http_filters().to_vec();
        manager.grpc_web = protocol == Protocol::GrpcWeb;
        Chain::new(vec![hcm::filter(self.context, manager)], at)
    }

    /// To the destinations of the first TCP route that fits, of the first VirtualService that has one.
    fn tcp(&self, server: &Server<'t>) -> Option<Chain> {
        self.servers.bound(server).usable(server).into_iter().find_map(|virtual_service| {
            let own = virtual_service.namespace();
            let fits = |gateways: &[Str<'t>], port: Option<Int>| fits(server, own, gateways, port);
            let spec = &virtual_service.object.spec;
            let tcp = spec.tcp.iter().find(|route| {
                let block = route.r#match.iter().any(|block| fits(&block.gateways, block.port));
                (route.r#match.is_empty() || block) && !route.route.is_empty()
            });
            // Other VirtualServices have TLS routes only for what is passed on.
            let mut tls = spec.tls.iter().filter(|_| server.has_tls() && is_tls_route(&virtual_service.object.meta));
            let mut tls = || tls.find(|route| route.r#match.iter().any(|block| fits(&block.gateways, block.port)));
            let tcp = tcp.map(|route| (route.node, &route.route));
            let (node, route) = tcp.or_else(|| tls().map(|route| (route.node, &route.route)))?;
            Some(Chain::new(self.destination_filters(server, virtual_service, route), node.head()))
        })
    }

    /// To the destinations of the TLS routes that fit, by SNI.
    fn passed_on(&mut self, server: &Server<'t>) -> Vec<Chain> {
        let mut chains = Vec::new();
        for virtual_service in self.servers.bound(server).usable(server) {
            let own = virtual_service.namespace();
            for route in virtual_service.object.spec.tls.iter().filter(|route| !route.route.is_empty()) {
                for block in route.r#match.iter().filter(|block| fits(server, own, &block.gateways, block.port)) {
                    let names = block.sni_hosts.iter().map(|host| host.value);
                    if self.names.take(server.listening_port, server.bind(), names.clone()) {
                        let filters = self.destination_filters(server, virtual_service, &route.route);
                        chains.push(Chain::new(filters, block.node.head()).with_names(names));
                    }
                }
            }
        }
        chains
    }

    /// To the services of the mesh that are the server's hosts, by the names that sidecars have for their clusters.
    fn passed_on_to_services(&self, server: &Server<'t>) -> Vec<Chain> {
        let hosts = server.server_names();
        let mut chains = Vec::new();
        for service in self.context.scope.services.iter().filter(|service| !service.service.mesh.external) {
            if !hosts.iter().any(|host| host_subset_of(service.host(), host)) {
                continue;
            }
            let rule = self.context.destination_rule(service.service);
            let subsets = rule.into_iter().flat_map(|rule| &rule.subsets).map(|subset| subset.name);
            let subsets: Vec<_> = [""].into_iter().chain(subsets).collect();
            for port in service.ports().filter(|port| port.protocol != Protocol::Udp) {
                for subset in &subsets {
                    let (name, filters) = tcp::sni_filters(self.context, service, port, subset);
                    let protocols = MESH_PROTOCOLS.map(str::to_owned).to_vec();
                    let chain = Chain::new(filters, server.at()).with_names([name.as_str()]);
                    chains.push(Chain { application_protocols: protocols, ..chain });
                }
            }
        }
        chains
    }

    fn destination_filters(
        &self,
        server: &Server<'t>,
        virtual_service: &VirtualService<'t>,
        route: &[RouteDestination<'t>],
    ) -> Vec<Filter> {
        let context = self.context;
        let mut filters = Vec::new();
        if server.tls_mode() == Some(TlsMode::IstioMutual) {
            filters.push(tcp::metadata_exchange());
        }
        filters.extend_from_slice(self.security.network_filters());
        let destinations = tcp::destinations(context, virtual_service, route);
        filters.extend(tcp::route_filters(context, virtual_service, &destinations, server.number, server.protocol));
        filters
    }
}

/// Whether a match of a VirtualService in `namespace` counts at a server. Gateways do not look at its other conditions.
fn fits(server: &Server<'_>, namespace: &str, gateways: &[Str<'_>], port: Option<Int>) -> bool {
    let own = server.gateway();
    let port = port.map_or(0, |port| port.value);
    (port == 0 || port == server.number)
        && (gateways.is_empty() || gateways.iter().any(|name| GatewayReference::parse(name.value, namespace) == own))
}
