//! VirtualServices as istiod uses them: names completed, delegates merged into those that delegate
//! (istio 1.31 `pilot/pkg/model/virtualservice.go`).

use std::borrow::Cow;

use crate::mesh::{DelegateLookup, ExportTo, GatewayReference, Mesh, by_age, has_route_semantics, match_conflict};
use crate::model::virtual_service::{self as model, Destination, HttpMatchRequest, HttpRoute, StringMatch};
use crate::model::{Labels, Map, Object};
use crate::source::Span;

/// A VirtualService that has hosts of its own.
#[derive(Clone, Debug)]
pub(in crate::translate) struct VirtualService<'m> {
    pub object: &'m Object<'m, model::VirtualService<'m>>,
    /// Full names.
    pub hosts: Vec<Cow<'m, str>>,
    pub gateways: Vec<GatewayReference<'m>>,
    pub http: Vec<Http<'m>>,
    pub export_to: ExportTo<'m>,
}

/// An HTTP route; of a delegate, with what it inherits.
#[derive(Clone, Debug)]
pub(in crate::translate) struct Http<'m> {
    pub name: String,
    /// None at all: every request.
    pub matches: Vec<HttpMatch<'m>>,
    own: Part<'m>,
    /// The route that delegates to it.
    root: Option<Part<'m>>,
}

/// What one VirtualService says about a route; its namespace completes the names in it.
#[derive(Clone, Copy, Debug)]
struct Part<'m> {
    route: &'m HttpRoute<'m>,
    namespace: &'m str,
}

#[derive(Clone, Debug)]
pub(in crate::translate) struct HttpMatch<'m> {
    pub name: String,
    pub gateways: Vec<GatewayReference<'m>>,
    /// The conditions of both, where a delegate refines them. Its name and gateways are those above.
    pub request: HttpMatchRequest<'m>,
}

/// A destination whose host is a full name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::translate) struct Target<'m> {
    pub host: Cow<'m, str>,
    /// Empty: all endpoints.
    pub subset: &'m str,
    pub port: Option<i64>,
}

impl<'m> VirtualService<'m> {
    pub fn namespace(&self) -> &'m str {
        self.object.meta.namespace
    }

    pub fn name(&self) -> &'m str {
        self.object.meta.name.value
    }

    /// Among those that proxies of a namespace see: its own, those meant for it, those for all.
    pub fn rank(&self, namespace: &str) -> u8 {
        match self.export_to {
            ExportTo::All => 2,
            _ if self.namespace() == namespace => 0,
            _ => 1,
        }
    }

    /// Whether it is made of a route of the Gateway API.
    pub fn has_route_semantics(&self) -> bool {
        has_route_semantics(&self.object.meta)
    }
}

impl<'m> Target<'m> {
    pub fn new(mesh: &Mesh<'m>, destination: &Destination<'m>, namespace: &str) -> Self {
        let number = destination.port.as_ref().and_then(|port| port.number).map(|number| number.value);
        Self {
            host: mesh.full_name(destination.host.map_or("", |host| host.value), namespace),
            subset: destination.subset.map_or("", |subset| subset.value),
            port: number.filter(|number| *number != 0),
        }
    }
}

impl<'m> Http<'m> {
    /// What the route says, or if nothing, the one that delegates to it.
    pub fn field<T>(&self, get: impl Fn(&'m HttpRoute<'m>) -> Option<T>) -> Option<T> {
        get(self.own.route).or_else(|| get(self.root?.route))
    }

    /// The same for destinations, which belong to the namespace of what names them.
    fn located_field<T>(&self, get: impl Fn(&'m HttpRoute<'m>) -> Option<T>) -> Option<(T, &'m str)> {
        let of = |part: Part<'m>| Some((get(part.route)?, part.namespace));
        of(self.own).or_else(|| of(self.root?))
    }

    /// Where it is written.
    pub fn at(&self) -> Span {
        self.own.route.node.head()
    }

    pub fn route(&self) -> &'m [model::HttpRouteDestination<'m>] {
        &self.own.route.route
    }

    pub fn redirect(&self) -> Option<&'m model::HttpRedirect<'m>> {
        self.own.route.redirect.as_deref()
    }

    pub fn target(&self, mesh: &Mesh<'m>, destination: &Destination<'m>) -> Target<'m> {
        Target::new(mesh, destination, self.own.namespace)
    }

    pub fn mirror(&self, mesh: &Mesh<'m>) -> Option<Target<'m>> {
        let (mirror, namespace) = self.located_field(|route| route.mirror.as_deref())?;
        Some(Target::new(mesh, mirror, namespace))
    }

    /// `mirrors`, each with the percentage that is written.
    pub fn mirrors(&self, mesh: &Mesh<'m>) -> Vec<(Target<'m>, Option<f64>)> {
        let list = self.located_field(|route| Some(&route.mirrors).filter(|list| !list.is_empty()));
        let Some((list, namespace)) = list else { return Vec::new() };
        let mirrors = list.iter().filter_map(|mirror| {
            let percentage = mirror.percentage.as_ref().map(|percent| percent.value.map_or(0.0, |value| value.value));
            Some((Target::new(mesh, mirror.destination.as_ref()?, namespace), percentage))
        });
        mirrors.collect()
    }

    /// Every host that it sends or mirrors to, with the port that it names.
    pub fn targets(&self, mesh: &Mesh<'m>) -> Vec<Target<'m>> {
        let routes = self.route().iter().filter_map(|route| Some(self.target(mesh, route.destination.as_ref()?)));
        let mirrors = self.mirrors(mesh).into_iter().map(|(target, _)| target);
        routes.chain(self.mirror(mesh)).chain(mirrors).collect()
    }
}

/// Those with hosts, oldest first.
pub(super) fn virtual_services<'m>(mesh: &'m Mesh<'m>) -> Vec<VirtualService<'m>> {
    let objects = by_age(&mesh.resources.virtual_services);
    objects.into_iter().filter(|object| !object.spec.is_delegate()).map(|object| prepare(mesh, object)).collect()
}

fn prepare<'m>(mesh: &'m Mesh<'m>, object: &'m Object<'m, model::VirtualService<'m>>) -> VirtualService<'m> {
    let namespace = object.meta.namespace;
    let mut gateways = references(&object.spec.gateways, namespace);
    if gateways.is_empty() {
        gateways.push(GatewayReference::Mesh);
    }
    VirtualService {
        object,
        hosts: object.spec.hosts.iter().map(|host| mesh.full_name(host.value, namespace)).collect(),
        gateways,
        http: object.spec.http.iter().flat_map(|route| routes(mesh, object, route)).collect(),
        export_to: mesh.virtual_service_export(object),
    }
}

fn references<'m>(names: &[crate::model::Str<'m>], namespace: &'m str) -> Vec<GatewayReference<'m>> {
    names.iter().map(|name| GatewayReference::parse(name.value, namespace)).collect()
}

/// The route itself, or those of its delegate.
fn routes<'m>(
    mesh: &'m Mesh<'m>,
    object: &'m Object<'m, model::VirtualService<'m>>,
    route: &'m HttpRoute<'m>,
) -> Vec<Http<'m>> {
    let own = Part { route, namespace: object.meta.namespace };
    let Some(delegate) = &route.delegate else {
        return vec![Http { name: name(own), matches: matches(own), own, root: None }];
    };
    let DelegateLookup::Found(delegate) = mesh.delegate(object, delegate) else { return Vec::new() };
    let inner = delegate.spec.http.iter().map(|route| Part { route, namespace: delegate.meta.namespace });
    inner.filter_map(|part| merged(own, part)).collect()
}

fn name(part: Part<'_>) -> String {
    part.route.name.map_or("", |name| name.value).to_owned()
}

fn matches<'m>(part: Part<'m>) -> Vec<HttpMatch<'m>> {
    let own = part.route.r#match.iter().map(|request| HttpMatch {
        name: request.name.map_or("", |name| name.value).to_owned(),
        gateways: references(&request.gateways, part.namespace),
        request: request.clone(),
    });
    own.collect()
}

/// `None` if some match of the delegate's route refines none of the root's.
fn merged<'m>(root: Part<'m>, own: Part<'m>) -> Option<Http<'m>> {
    let matches = match (root.route.r#match.is_empty(), own.route.r#match.is_empty()) {
        (true, _) => matches(own),
        (_, true) => matches(root),
        _ => {
            let mut all = Vec::new();
            for inner in &own.route.r#match {
                let fitting = root
                    .route
                    .r#match
                    .iter()
                    .filter(|outer| match_conflict((outer, root.namespace), (inner, own.namespace)).is_none());
                let combined: Vec<_> = fitting.map(|outer| refine(outer, root, inner, own)).collect();
                if combined.is_empty() {
                    return None;
                }
                all.extend(combined);
            }
            all
        }
    };
    Some(Http { name: joined(&name(root), &name(own)), matches, own, root: Some(root) })
}

fn joined(root: &str, own: &str) -> String {
    match (root, own) {
        ("", name) | (name, "") => name.to_owned(),
        (root, own) => format!("{root}-{own}"),
    }
}

fn refine<'m>(
    outer: &HttpMatchRequest<'m>,
    root: Part<'m>,
    inner: &HttpMatchRequest<'m>,
    own: Part<'m>,
) -> HttpMatch<'m> {
    fn text<'m>(
        inner: &Option<Box<StringMatch<'m>>>,
        outer: &Option<Box<StringMatch<'m>>>,
    ) -> Option<Box<StringMatch<'m>>> {
        inner.clone().or_else(|| outer.clone())
    }
    fn map<'m>(inner: &Map<'m, StringMatch<'m>>, outer: &Map<'m, StringMatch<'m>>) -> Map<'m, StringMatch<'m>> {
        inner.united(outer)
    }
    let labels: Labels<'m> = inner.source_labels.united(&outer.source_labels);
    let part = |request: &HttpMatchRequest<'m>| request.name.map_or("", |name| name.value);
    let gateways = match inner.gateways.is_empty() {
        true => references(&outer.gateways, root.namespace),
        false => references(&inner.gateways, own.namespace),
    };
    HttpMatch {
        name: joined(part(outer), part(inner)),
        gateways,
        request: HttpMatchRequest {
            node: inner.node,
            name: inner.name,
            uri: text(&inner.uri, &outer.uri),
            scheme: text(&inner.scheme, &outer.scheme),
            method: text(&inner.method, &outer.method),
            authority: text(&inner.authority, &outer.authority),
            headers: map(&inner.headers, &outer.headers),
            without_headers: map(&inner.without_headers, &outer.without_headers),
            query_params: map(&inner.query_params, &outer.query_params),
            port: inner.port.filter(|port| port.value != 0).or(outer.port),
            source_labels: labels,
            gateways: Vec::new(),
            ignore_uri_case: inner.ignore_uri_case.or(outer.ignore_uri_case),
            source_namespace: inner.source_namespace.or(outer.source_namespace),
            stat_prefix: inner.stat_prefix.or(outer.stat_prefix),
        },
    }
}
