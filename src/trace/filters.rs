//! The filters of a chain, ready to be run over calls.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::envoy::ext_authz::{ExtAuthzService, HttpExtAuthz, NetworkExtAuthz};
use crate::envoy::http_connection_manager::{
    HttpConnectionManager, HttpFilter, PathWithEscapedSlashesAction, RouteSpecifier,
};
use crate::envoy::http_filter::HttpFault;
use crate::envoy::istio::AlpnProtocol;
use crate::envoy::listener::{Filter, FilterChain};
use crate::envoy::network_filter::TcpProxy;
use crate::envoy::rbac::RbacPerRoute;
use crate::envoy::tls::{DownstreamTlsContext, Validation};
use crate::envoy::{Any, Message};

use super::call::Version;
use super::jwt::Authentication;
use super::matching::{MetadataTest, TextTest};
use super::rbac::Rbac;
use super::router::Router;

/// Route configurations by name.
pub type Routers = FxHashMap<String, Arc<Router>>;

#[derive(Debug)]
pub struct Chain {
    pub tls: Option<ServerTls>,
    pub filters: Vec<NetworkStep>,
}

/// How a chain ends TLS.
#[derive(Debug)]
pub struct ServerTls {
    pub requires_certificate: bool,
    /// One of them must match a name in the certificate of the client, if there are any.
    names: Vec<TextTest>,
}

#[derive(Debug)]
pub enum NetworkStep {
    Policies(Rbac),
    External(Box<External>),
    Http(Box<Http>),
    Tcp(Box<TcpProxy>),
    /// It changes nothing about where traffic goes.
    Passive,
    Unknown(String),
}

/// A connection manager.
#[derive(Debug)]
pub struct Http {
    /// `None` if the configuration that it names is not there.
    pub router: Option<Arc<Router>>,
    pub route_name: String,
    pub filters: Vec<PlacedFilter>,
    /// Whether routes say for filters whether they are in force, or by which rules.
    pub routes_decide: bool,
    /// By the address of what a route says for the filter, which lives as long as this does.
    policies_of_routes: FxHashMap<usize, Rbac>,
    pub is_edge: bool,
    pub trusted_hops: usize,
    pub normalizes: bool,
    pub merges_slashes: bool,
    pub escaped_slashes: PathWithEscapedSlashesAction,
    pub strips_port: bool,
    /// What the proxy offers to upstreams of the mesh, by what it speaks to them.
    alpn: Vec<(AlpnProtocol, Vec<String>)>,
}

/// A filter, and the name under which routes configure it.
#[derive(Debug)]
pub struct PlacedFilter {
    pub name: String,
    /// Unless a route says otherwise.
    pub is_off: bool,
    pub step: HttpStep,
}

#[derive(Debug)]
pub enum HttpStep {
    Policies(Rbac),
    Tokens(Box<Authentication>),
    External(Box<External>),
    /// What the filter itself says is for routes that do not configure it.
    Fault(Box<HttpFault>),
    Cors,
    Router,
    Passive,
    /// One that is not executed by a walk.
    Unknown(Option<Box<Any>>),
}

/// A filter that asks another service for authorization.
#[derive(Debug)]
pub struct External {
    pub service: String,
    /// When it asks; always if `None`.
    pub condition: Option<MetadataTest>,
}

impl Chain {
    pub fn new(chain: &FilterChain, routers: &Routers) -> Self {
        let socket = chain.transport_socket.as_ref().and_then(|socket| socket.typed_config.as_ref());
        let tls = socket.and_then(|config| match config {
            Any::DownstreamTls(context) => Some(ServerTls::new(context)),
            _ => None,
        });
        Self { tls, filters: chain.filters.iter().map(|filter| NetworkStep::new(filter, routers)).collect() }
    }

    /// The connection manager, if the chain speaks HTTP.
    pub fn http(&self) -> Option<&Http> {
        self.filters.iter().find_map(|filter| if let NetworkStep::Http(http) = filter { Some(&**http) } else { None })
    }
}

impl ServerTls {
    fn new(context: &DownstreamTlsContext) -> Self {
        let common = context.common_tls_context.as_ref();
        let validation = common.and_then(|common| match &common.validation {
            Some(Validation::ValidationContext(own)) => Some(own),
            Some(Validation::CombinedValidationContext(own)) => own.default_validation_context.as_ref(),
            _ => None,
        });
        let names = validation.map_or(Vec::new(), |own| {
            let typed = own.match_typed_subject_alt_names.iter().filter_map(|own| own.matcher.as_ref());
            typed.chain(&own.match_subject_alt_names).map(TextTest::new).collect()
        });
        Self { requires_certificate: context.require_client_certificate == Some(true), names }
    }

    /// Whether a certificate with this name is one of those that are meant.
    pub fn accepts(&self, identity: &str) -> bool {
        self.names.is_empty() || self.names.iter().any(|name| name.matches(identity))
    }
}

impl NetworkStep {
    fn new(filter: &Filter, routers: &Routers) -> Self {
        match &filter.typed_config {
            Some(Any::NetworkRbac(rbac)) => {
                NetworkStep::Policies(Rbac::new(rbac.rules.as_ref(), rbac.shadow_rules.as_ref()))
            }
            Some(Any::NetworkExtAuthz(config)) => NetworkStep::External(Box::new(External::of_network(config))),
            Some(Any::HttpConnectionManager(manager)) => NetworkStep::Http(Box::new(Http::new(manager, routers))),
            Some(Any::TcpProxy(proxy)) => NetworkStep::Tcp(proxy.clone()),
            Some(config) if is_passive(config) => NetworkStep::Passive,
            _ => NetworkStep::Unknown(filter.name.clone()),
        }
    }
}

/// Whether a filter only counts, or tells the other side who it is.
fn is_passive(config: &Any) -> bool {
    match config {
        Any::GrpcStats(_) | Any::GrpcWeb(_) | Any::IstioStats(_) | Any::Alpn(_) | Any::MongoProxy(_) => true,
        Any::TypedStruct(typed) => typed.type_url.contains("metadata") || typed.type_url.contains("stats."),
        other => {
            let name = other.type_name();
            name.contains("metadata_exchange") || name.contains("MetadataExchange") || name.starts_with("stats.")
        }
    }
}

impl Http {
    /// Whether claims of tokens may lead to another route than the request alone.
    pub fn checks_tokens(&self) -> bool {
        self.filters.iter().any(|filter| matches!(filter.step, HttpStep::Tokens(_)))
    }

    fn new(manager: &HttpConnectionManager, routers: &Routers) -> Self {
        let (router, route_name) = match &manager.route_specifier {
            Some(RouteSpecifier::Rds(rds)) => {
                (routers.get(&rds.route_config_name).cloned(), rds.route_config_name.clone())
            }
            Some(RouteSpecifier::RouteConfig(routes)) => {
                (Some(Arc::new(Router::new(Arc::new(routes.clone())))), routes.name.clone())
            }
            None => (None, String::new()),
        };
        let filters: Vec<_> = manager.http_filters.iter().map(PlacedFilter::new).collect();
        let configs = || router.iter().flat_map(|router| router.configuration().filter_configs());
        let policies = configs().filter_map(|config| match unwrapped(config) {
            Any::RbacPerRoute(own) => {
                let (rules, shadow) =
                    own.rbac.as_ref().map_or((None, None), |own| (own.rules.as_ref(), own.shadow_rules.as_ref()));
                Some((address(unwrapped(config)), Rbac::new(rules, shadow)))
            }
            _ => None,
        });
        let policies_of_routes = policies.collect();
        let routes_decide = filters.iter().any(|filter| filter.is_off) || configs().any(decides);
        let alpn = manager.http_filters.iter().find_map(|filter| match &filter.typed_config {
            Some(Any::Alpn(config)) => Some(&config.alpn_override),
            _ => None,
        });
        let alpn = alpn.into_iter().flatten();
        Self {
            router,
            route_name,
            filters,
            routes_decide,
            policies_of_routes,
            is_edge: manager.use_remote_address == Some(true),
            trusted_hops: manager.xff_num_trusted_hops as usize,
            normalizes: manager.normalize_path == Some(true),
            merges_slashes: manager.merge_slashes,
            escaped_slashes: manager.path_with_escaped_slashes_action,
            strips_port: manager.strip_any_host_port == Some(true),
            alpn: alpn.map(|own| (own.upstream_protocol, own.alpn_override.clone())).collect(),
        }
    }

    /// The policies that a route has in place of a filter's.
    pub fn policies_of_route(&self, config: &Any) -> Option<&Rbac> {
        self.policies_of_routes.get(&address(config))
    }

    /// What the proxy offers by ALPN when it speaks this version; `None`: what the cluster says.
    pub fn alpn(&self, version: Version) -> Option<&[String]> {
        let wanted = match version {
            Version::Http1 => AlpnProtocol::Http11,
            Version::Http2 => AlpnProtocol::Http2,
        };
        self.alpn.iter().find(|(protocol, _)| *protocol == wanted).map(|(_, offered)| offered.as_slice())
    }
}

/// What a route says for a filter beside whether it is in force.
pub fn unwrapped(config: &Any) -> &Any {
    match config {
        Any::FilterOfRoute(own) => own.config.as_ref().unwrap_or(config),
        config => config,
    }
}

fn address(config: &Any) -> usize {
    std::ptr::from_ref(config) as usize
}

/// Whether it says that a filter is not in force, or has other rules.
fn decides(config: &Any) -> bool {
    let name = unwrapped(config).type_name();
    matches!(config, Any::FilterOfRoute(_) | Any::RbacPerRoute(_))
        || name == RbacPerRoute::TYPE
        || [TOKENS_OF_ROUTE, EXTERNAL_OF_ROUTE].contains(&name)
}

pub const TOKENS_OF_ROUTE: &str = "envoy.extensions.filters.http.jwt_authn.v3.PerRouteConfig";
pub const EXTERNAL_OF_ROUTE: &str = "envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute";

impl PlacedFilter {
    fn new(filter: &HttpFilter) -> Self {
        Self { name: filter.name.clone(), is_off: filter.disabled, step: HttpStep::new(filter) }
    }
}

impl HttpStep {
    fn new(filter: &HttpFilter) -> Self {
        match &filter.typed_config {
            Some(Any::HttpRbac(rbac)) => HttpStep::Policies(Rbac::new(rbac.rules.as_ref(), rbac.shadow_rules.as_ref())),
            Some(Any::JwtAuthentication(config)) => HttpStep::Tokens(Box::new(Authentication::new(config))),
            Some(Any::HttpExtAuthz(config)) => HttpStep::External(Box::new(External::of_http(config))),
            Some(Any::Fault(config)) => HttpStep::Fault(config.clone()),
            Some(Any::Cors(_)) => HttpStep::Cors,
            Some(Any::Router(_)) => HttpStep::Router,
            Some(config) if is_passive(config) => HttpStep::Passive,
            config => HttpStep::Unknown(config.clone().map(Box::new)),
        }
    }
}

impl External {
    fn of_http(config: &HttpExtAuthz) -> Self {
        let service = match &config.service {
            Some(ExtAuthzService::GrpcService(service)) => {
                service.envoy_grpc.as_ref().map(|service| service.cluster_name.clone())
            }
            Some(ExtAuthzService::HttpService(service)) => {
                service.server_uri.as_ref().and_then(|uri| uri.cluster.clone())
            }
            None => None,
        };
        let condition = config.filter_enabled_metadata.as_ref().map(MetadataTest::new);
        Self { service: service.unwrap_or_default(), condition }
    }

    fn of_network(config: &NetworkExtAuthz) -> Self {
        let service = config.grpc_service.as_ref().and_then(|service| service.envoy_grpc.as_ref());
        let condition = config.filter_enabled_metadata.as_ref().map(MetadataTest::new);
        Self { service: service.map_or_else(String::new, |service| service.cluster_name.clone()), condition }
    }
}
