use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::model::gateway_api::{GrpcMethodMatch, NamedMatch, Route, RouteMatch, RouteRetry, RouteRule, RouteTimeouts};
use crate::model::virtual_service::{
    HttpDirectResponse, HttpMatchRequest, HttpRetry, HttpRoute, HttpRouteDestination, StringMatch, StringMatchKind,
    VirtualService,
};
use crate::model::{Int, Kind, Located, Map, Meta, Object, Read, Str};

use super::backends::{Unusable, destination, weighted};
use super::filters::{apply, apply_headers};
use super::maker::{Maker, blank, int};
use super::parents::{Parent, Parents};
use super::{PARENTS, ROUTE_SEMANTICS};

/// What a route adds to the VirtualService of a parent and a host.
struct Part<'m> {
    of: &'m Object<'m, Route<'m>>,
    gateway: &'m str,
    host: Str<'m>,
    http: Vec<HttpRoute<'m>>,
}

/// One for each parent and host, with the rules of all routes for it: the closest match comes first, wherever it is from.
pub(super) fn virtual_services<'m>(
    maker: &Maker<'_, 'm>,
    parents: &Parents<'_, 'm>,
) -> Vec<Object<'m, VirtualService<'m>>> {
    let mut by_key: BTreeMap<String, Vec<Part<'m>>> = BTreeMap::new();
    for route in maker.mesh.http_like_routes() {
        let all = parents.of(route);
        let for_mesh = all.iter().any(Parent::is_mesh).then(|| rules(maker, route, false));
        let for_gateways = all.iter().any(|parent| !parent.is_mesh()).then(|| rules(maker, route, true));
        for parent in &all {
            let rules = if parent.is_mesh() { &for_mesh } else { &for_gateways };
            let Some(Ok(rules)) = rules else { continue };
            let port = parent.reference.port.filter(|_| parent.is_mesh());
            let place = match (parent.is_mesh(), port) {
                (false, _) => parent.name().to_owned(),
                (true, None) => route.meta.namespace.to_owned(),
                (true, Some(port)) => format!("{}/{}", route.meta.namespace, port.value),
            };
            for host in parent.hosts(route).into_iter().filter(|_| !rules.is_empty()) {
                let http = match port {
                    Some(port) => rules.iter().map(|rule| for_port(route, rule, port)).collect(),
                    None => rules.clone(),
                };
                let key = format!("{place}/{}", host.value);
                by_key.entry(key).or_default().push(Part { of: route, gateway: parent.name(), host, http });
            }
        }
    }
    by_key.into_iter().filter_map(|(key, parts)| merged(maker, &key, parts)).collect()
}

fn merged<'m>(maker: &Maker<'_, 'm>, key: &str, mut parts: Vec<Part<'m>>) -> Option<Object<'m, VirtualService<'m>>> {
    let age = |part: &Part<'m>| {
        let meta = &part.of.meta;
        (meta.created, meta.namespace, meta.name.value)
    };
    parts.sort_by(|left, right| age(left).cmp(&age(right)));
    let names: Vec<_> = parts.iter().map(|part| maker.parent_name(&part.of.meta)).collect();
    let first = parts.first()?;
    let (meta, host, gateway) = (&first.of.meta, first.host, first.gateway);
    let mut http: Vec<_> = parts.into_iter().flat_map(|part| part.http).collect();
    http.sort_by_cached_key(closeness);
    let spec = VirtualService {
        node: first_node(meta),
        hosts: vec![host],
        gateways: vec![Str { value: gateway, at: meta.name.at }],
        http,
        ..blank(meta)
    };
    let annotations = [(PARENTS, maker.texts.keep(names.join(","))), (ROUTE_SEMANTICS, "gateway")];
    Some(maker.object(meta, Kind::VirtualService, key.replace('/', "~"), annotations, spec))
}

fn first_node<'m>(meta: &Meta<'m>) -> crate::yaml::Node<'m> {
    meta.root.get("spec").unwrap_or(meta.root)
}

type Closeness = Reverse<(bool, u8, usize, bool, usize, usize)>;

/// Every route that is made has one match, or none.
fn closeness(route: &HttpRoute<'_>) -> Closeness {
    let Some(request) = route.r#match.first() else { return Reverse((false, 0, 0, false, 0, 0)) };
    let (rank, length) = match request.uri.as_ref().and_then(|uri| uri.kind()) {
        Some(StringMatchKind::Exact(text)) => (3, text.len()),
        Some(StringMatchKind::Prefix(text)) => (2, text.len()),
        Some(StringMatchKind::Regex(text)) => (1, text.len()),
        None => (0, 0),
    };
    Reverse((true, rank, length, request.method.is_some(), request.headers.len(), request.query_params.len()))
}

fn for_port<'m>(of: &Object<'m, Route<'m>>, rule: &HttpRoute<'m>, port: Int) -> HttpRoute<'m> {
    let mut rule = rule.clone();
    if rule.r#match.is_empty() {
        rule.r#match.push(HttpMatchRequest { node: rule.node, ..blank(&of.meta) });
    }
    for request in &mut rule.r#match {
        request.port = Some(port);
    }
    rule
}

/// Every match of every rule.
fn rules<'m>(
    maker: &Maker<'_, 'm>,
    route: &'m Object<'m, Route<'m>>,
    needs_grant: bool,
) -> Result<Vec<HttpRoute<'m>>, Unusable> {
    let mut made = Vec::new();
    for (index, rule) in route.spec.rules.iter().enumerate() {
        let base = base(maker, route, rule, index, needs_grant)?;
        for own in &rule.matches {
            let request = request(maker, &route.meta, own)?;
            made.push(HttpRoute { r#match: vec![request], ..base.clone() });
        }
        if rule.matches.is_empty() {
            made.push(HttpRoute { r#match: default_match(route, rule), ..base });
        }
    }
    Ok(made)
}

/// The API server adds a match to rules of HTTPRoutes that have none, but not to those of GRPCRoutes.
fn default_match<'m>(route: &Object<'m, Route<'m>>, rule: &RouteRule<'m>) -> Vec<HttpMatchRequest<'m>> {
    if route.meta.kind != Kind::HttpRoute {
        return Vec::new();
    }
    let uri = prefix(&route.meta, Str { value: "/", at: rule.node.head() });
    vec![HttpMatchRequest { node: rule.node, uri: Some(uri), ..blank(&route.meta) }]
}

/// A rule without its matches.
fn base<'m>(
    maker: &Maker<'_, 'm>,
    route: &'m Object<'m, Route<'m>>,
    rule: &'m RouteRule<'m>,
    index: usize,
    needs_grant: bool,
) -> Result<HttpRoute<'m>, Unusable> {
    let meta = &route.meta;
    let at = rule.node.head();
    let default_name = || maker.text(format!("{}.{}.{index}", meta.namespace, meta.name.value), at);
    let mut made: HttpRoute<'m> =
        HttpRoute { node: rule.node, name: Some(rule.name.unwrap_or_else(default_name)), ..blank(meta) };
    apply(maker, meta, &rule.filters, needs_grant, &mut made)?;
    made.retries = rule.retry.as_ref().map(|retry| Box::new(retries(maker, meta, retry)));
    timeouts(rule.timeouts.as_ref(), &mut made);
    let used = weighted(&rule.backend_refs);
    if used.is_empty() {
        if made.redirect.is_none() {
            let status = Some(int(500, at));
            made.direct_response = Some(Box::new(HttpDirectResponse { node: rule.node, status, ..blank(meta) }));
        }
        return Ok(made);
    }
    for (backend, weight) in used {
        let mut headers = None;
        for filter in &backend.filters {
            apply_headers(maker, meta, filter, &mut headers)?;
        }
        let destination = Some(destination(maker, meta, backend.into(), needs_grant)?);
        made.route.push(HttpRouteDestination { node: backend.node, destination, weight, headers });
    }
    Ok(made)
}

fn retries<'m>(maker: &Maker<'_, 'm>, meta: &Meta<'m>, own: &RouteRetry<'m>) -> HttpRetry<'m> {
    let at = own.node.head();
    let attempts = own.attempts.unwrap_or(int(2, at));
    let mut conditions = "connect-failure,refused-stream,unavailable,cancelled".to_owned();
    for code in &own.codes {
        conditions.push_str(&format!(",{}", code.value));
    }
    let retry_on = (attempts.value != 0).then(|| maker.text(conditions, at));
    HttpRetry { node: own.node, attempts: Some(attempts), retry_on, backoff: own.backoff, ..blank(meta) }
}

/// The time for one backend is that of one try, if there may be several. Zero is no limit.
fn timeouts<'m>(own: Option<&RouteTimeouts<'m>>, made: &mut HttpRoute<'m>) {
    let Some(own) = own else { return };
    let limit = |time: Option<Located<crate::format::Duration>>| time.filter(|time| !time.value.is_zero());
    made.timeout = limit(own.request);
    if let Some(time) = limit(own.backend_request) {
        match &mut made.retries {
            Some(retries) => retries.per_try_timeout = Some(time),
            None => made.timeout = Some(time),
        }
    }
}

fn request<'m>(maker: &Maker<'_, 'm>, meta: &Meta<'m>, own: &RouteMatch<'m>) -> Result<HttpMatchRequest<'m>, Unusable> {
    let is_grpc = meta.kind == Kind::GrpcRoute;
    let uri = if is_grpc { grpc_path(maker, meta, own)? } else { Some(path(meta, own)?) };
    let method = own.method.filter(|_| !is_grpc).and_then(Str::read);
    Ok(HttpMatchRequest {
        node: own.node,
        uri,
        method: method.map(|method| exact(meta, method)),
        headers: named(meta, &own.headers)?,
        query_params: named(meta, &own.query_params)?,
        ..blank(meta)
    })
}

fn exact<'m>(meta: &Meta<'m>, text: Str<'m>) -> Box<StringMatch<'m>> {
    Box::new(StringMatch { exact: Some(text), ..blank(meta) })
}

fn prefix<'m>(meta: &Meta<'m>, text: Str<'m>) -> Box<StringMatch<'m>> {
    Box::new(StringMatch { prefix: Some(text), ..blank(meta) })
}

fn regex<'m>(meta: &Meta<'m>, text: Str<'m>) -> Box<StringMatch<'m>> {
    Box::new(StringMatch { regex: Some(text), ..blank(meta) })
}

fn path<'m>(meta: &Meta<'m>, own: &RouteMatch<'m>) -> Result<Box<StringMatch<'m>>, Unusable> {
    let kind = own.path.as_ref().and_then(|path| path.r#type).map_or("PathPrefix", |kind| kind.value);
    let written = own.path.as_ref().and_then(|path| path.value);
    let text = written.unwrap_or(Str { value: "/", at: own.node.head() });
    match kind {
        "PathPrefix" => {
            let value = if text.value == "/" { "/" } else { text.value.strip_suffix('/').unwrap_or(text.value) };
            Ok(prefix(meta, Str { value, at: text.at }))
        }
        "Exact" => Ok(exact(meta, text)),
        "RegularExpression" => Ok(regex(meta, text)),
        _ => Err(Unusable),
    }
}

/// gRPC calls are requests for `/service/method`.
fn grpc_path<'m>(
    maker: &Maker<'_, 'm>,
    meta: &Meta<'m>,
    own: &RouteMatch<'m>,
) -> Result<Option<Box<StringMatch<'m>>>, Unusable> {
    let Some(GrpcMethodMatch { node, r#type, service, method }) = own.method.and_then(GrpcMethodMatch::read) else {
        return Ok(None);
    };
    let at = node.head();
    let is_exact = match r#type.map_or("Exact", |kind| kind.value) {
        "Exact" => true,
        "RegularExpression" => false,
        _ => return Err(Unusable),
    };
    let text = |text: String| maker.text(text, at);
    let made = match (service.map(|service| service.value), method.map(|method| method.value)) {
        (None, None) => return Err(Unusable),
        (None, Some(method)) => regex(meta, text(format!("/[^/]+/{method}"))),
        (Some(service), None) if is_exact => prefix(meta, text(format!("/{service}/"))),
        (Some(service), None) => regex(meta, text(format!("/{service}/.+"))),
        (Some(service), Some(method)) if is_exact => exact(meta, text(format!("/{service}/{method}"))),
        (Some(service), Some(method)) => regex(meta, text(format!("/{service}/{method}"))),
    };
    Ok(Some(made))
}

fn named<'m>(meta: &Meta<'m>, all: &[NamedMatch<'m>]) -> Result<Map<'m, StringMatch<'m>>, Unusable> {
    let entries = all.iter().filter_map(|own| Some((own, own.name?)));
    let entries = entries.map(|(own, name)| {
        let value = own.value.unwrap_or(Str { value: "", at: name.at });
        let made = match own.r#type.map_or("Exact", |kind| kind.value) {
            "Exact" => exact(meta, value),
            "RegularExpression" => regex(meta, value),
            _ => return Err(Unusable),
        };
        Ok((name, *made))
    });
    entries.collect()
}
