//! The routes of a VirtualService (istio 1.31 `pilot/pkg/networking/core/route/route.go`,
//! `BuildHTTPRoutesForVirtualService`).

use crate::envoy::route::{Action, ClusterSpecifier, Decorator, PathSpecifier, Route};
use crate::mesh::GatewayReference;
use crate::translate::names::{self, ClusterName};
use crate::translate::push::{Http, HttpMatch, Target, VirtualService};
use crate::translate::{Context, provenance};

use super::headers::Changes;
use super::matching::{is_catch_all, route_match};
use super::{action, filters, matching};

/// Where a VirtualService is used.
pub(in crate::translate) struct Environment<'e, 't> {
    pub context: &'e Context<'e, 't>,
    pub virtual_service: &'e VirtualService<'t>,
    pub gateway: GatewayReference<'e>,
    /// Of the listener of a sidecar, of the server of a gateway.
    pub port: i64,
    /// Whether the server has TLS settings.
    pub tls: bool,
    /// The cluster of a destination.
    pub cluster: &'e dyn Fn(&Target<'t>) -> String,
}

/// The routes that can be used there, up to the first that takes every request.
pub(in crate::translate) fn routes(environment: &Environment<'_, '_>) -> Vec<Route> {
    let mut routes = Vec::new();
    for http in &environment.virtual_service.http {
        if http.matches.is_empty() {
            routes.push(route(environment, http, None));
            return routes;
        }
        for matched in http.matches.iter().filter(|matched| environment.fits(matched)) {
            let route = route(environment, http, Some(matched));
            let ends = route.r#match.as_ref().is_some_and(is_catch_all);
            routes.push(route);
            if ends {
                return routes;
            }
        }
    }
    routes
}

impl Environment<'_, '_> {
    /// Whether the part of a match that is known in advance holds. A match that names gateways is not asked about the
    /// source, against what the API says.
    fn fits(&self, matched: &HttpMatch<'_>) -> bool {
        let request = &matched.request;
        let port = request.port.map_or(0, |port| port.value);
        if port != 0 && port != self.port {
            return false;
        }
        if !matched.gateways.is_empty() {
            return matched.gateways.contains(&self.gateway);
        }
        let proxy = self.context.proxy;
        let namespace = request.source_namespace.map_or("", |namespace| namespace.value);
        proxy.labels.contains(&request.source_labels) && (namespace.is_empty() || namespace == proxy.namespace)
    }
}

fn route<'t>(environment: &Environment<'_, 't>, http: &Http<'t>, matched: Option<&HttpMatch<'_>>) -> Route {
    let virtual_service = environment.virtual_service;
    let stat_prefix = matched.and_then(|matched| matched.request.stat_prefix);
    let changes = Changes::of(http.field(|route| route.headers.as_deref()));
    let mut route = Route {
        name: name(http, matched),
        r#match: Some(matched.map_or_else(matching::everything, |matched| {
            route_match(&matched.request, virtual_service.has_route_semantics())
        })),
        metadata: Some(names::config_metadata(&virtual_service.object.meta, "virtual-service")),
        typed_per_filter_config: filters::of_route(http),
        stat_prefix: stat_prefix.map_or("", |prefix| prefix.value).to_owned(),
        request_headers_to_add: changes.request_add,
        request_headers_to_remove: changes.request_remove,
        response_headers_to_add: changes.response_add,
        response_headers_to_remove: changes.response_remove,
        ..Default::default()
    };
    provenance::mark(&mut route.metadata, matched.map_or(http.at(), |matched| matched.request.node.head()));
    action::act(environment, http, changes.authority, &mut route);
    let operation = operation(&route, virtual_service.name(), environment.port);
    route.decorator = Some(Decorator { operation, ..Default::default() });
    route
}

fn name(http: &Http<'_>, matched: Option<&HttpMatch<'_>>) -> String {
    match matched.map_or("", |matched| &matched.name) {
        "" => http.name.clone(),
        part => format!("{}.{part}", http.name),
    }
}

/// What traces call requests of the route: where they go, or if they may go to several clusters, the VirtualService.
fn operation(route: &Route, name: &str, port: i64) -> String {
    let path = match route.r#match.as_ref().and_then(|matched| matched.path_specifier.as_ref()) {
        Some(PathSpecifier::Prefix(prefix)) => format!("{prefix}*"),
        Some(PathSpecifier::Path(path)) => path.clone(),
        Some(PathSpecifier::SafeRegex(pattern)) => pattern.regex.clone(),
        _ => "/*".to_owned(),
    };
    let cluster = match &route.action {
        Some(Action::Route(action)) => action.cluster_specifier.as_ref(),
        _ => None,
    };
    let place = match cluster {
        Some(ClusterSpecifier::Cluster(cluster)) => ClusterName::parse(cluster),
        _ => None,
    };
    let (host, port) = place.map_or((name, port), |place| (place.host, place.port));
    format!("{host}:{port}{path}")
}
