//! The HTTP routes of a VirtualService as its proxies get them: with those of its delegates in their places (istio 1.31
//! `pilot/pkg/model/virtualservice.go`, `mergeVirtualServicesIfNeeded`).

use std::collections::BTreeSet;

use crate::model::virtual_service::{
    Delegate, HttpMatchRequest, HttpRoute, StringMatch, StringMatchKind, VirtualService,
};
use crate::model::{Object, Str};
use crate::source::Span;
use crate::yaml::Node;

use super::matching::HttpPredicate;
use super::{GatewayReference, Mesh, Reference};

/// What a root finds under the name of a delegate.
#[derive(Clone, Copy, Debug)]
pub enum DelegateLookup<'m> {
    Found(&'m Object<'m, VirtualService<'m>>),
    /// It has hosts, so it is no delegate.
    NotADelegate(&'m Object<'m, VirtualService<'m>>),
    /// It is not exported to the namespace of the root.
    Hidden(&'m Object<'m, VirtualService<'m>>),
    Missing,
    Unknown,
}

/// An HTTP route as proxies get it.
#[derive(Clone, Debug)]
pub struct EffectiveRoute<'m> {
    pub route: &'m HttpRoute<'m>,
    /// The VirtualService that it is written in: a root or its delegate.
    pub owner: &'m Object<'m, VirtualService<'m>>,
    /// Its position there, from 1.
    pub number: usize,
    pub matches: Vec<EffectiveMatch<'m>>,
    /// Not so where the input does not show the delegate: its routes accept at most these matches.
    pub complete: bool,
}

#[derive(Clone, Debug)]
pub struct EffectiveMatch<'m> {
    pub predicate: HttpPredicate<'m>,
    /// The match as the owner of the route has it; `None` if the route has no `match`.
    pub node: Option<Node<'m>>,
}

/// Why a match of a delegate does not refine a match of its root.
#[derive(Clone, Debug)]
pub struct MatchConflict {
    /// Such as `uri` or ``header `x-env` ``.
    pub field: String,
    /// Where the delegate says it; the match, if the delegate is silent where it may not be.
    pub at: Span,
    pub root_at: Span,
}

impl EffectiveRoute<'_> {
    /// ``rule 2 (`canary`)``, for messages.
    pub fn title(&self) -> String {
        match self.route.name.filter(|name| !name.is_empty()) {
            Some(name) => format!("rule {} (`{}`)", self.number, name.value),
            None => format!("rule {}", self.number),
        }
    }
}

impl<'m> Mesh<'m> {
    pub fn delegate(&self, root: &Object<'m, VirtualService<'m>>, delegate: &Delegate<'m>) -> DelegateLookup<'m> {
        let Some(name) = delegate.name else { return DelegateLookup::Unknown };
        match self.virtual_service(delegate.namespace_or(root.meta.namespace), name.value) {
            Reference::Found(found) if !found.spec.is_delegate() => DelegateLookup::NotADelegate(found),
            Reference::Found(found) => match self.virtual_service_export(found).sees(root.meta.namespace) {
                true => DelegateLookup::Found(found),
                false => DelegateLookup::Hidden(found),
            },
            Reference::Missing => DelegateLookup::Missing,
            Reference::Unknown => DelegateLookup::Unknown,
        }
    }

    /// The HTTP routes of a VirtualService in their order. Routes of delegates that do not refine the route of the root
    /// are left out, as istiod does. A delegate itself has its own routes.
    pub fn http_routes(&self, service: &'m Object<'m, VirtualService<'m>>) -> Vec<EffectiveRoute<'m>> {
        let own = |(number, route): (usize, &'m HttpRoute<'m>)| EffectiveRoute {
            route,
            owner: service,
            number,
            matches: matches(service, route),
            complete: route.delegate.is_none() || service.spec.is_delegate(),
        };
        let routes = (1..).zip(&service.spec.http);
        let effective = routes.flat_map(|(number, route)| match route.delegate.as_ref() {
            Some(delegate) if !service.spec.is_delegate() => match self.delegate(service, delegate) {
                DelegateLookup::Found(delegate) => delegated(service, route, delegate),
                DelegateLookup::Unknown => vec![own((number, route))],
                DelegateLookup::NotADelegate(_) | DelegateLookup::Hidden(_) | DelegateLookup::Missing => Vec::new(),
            },
            _ => vec![own((number, route))],
        });
        effective.collect()
    }
}

fn matches<'m>(service: &Object<'m, VirtualService<'m>>, route: &'m HttpRoute<'m>) -> Vec<EffectiveMatch<'m>> {
    if route.r#match.is_empty() {
        return vec![EffectiveMatch { predicate: HttpPredicate::all(service), node: None }];
    }
    let matches = route.r#match.iter();
    let effective = matches
        .map(|request| EffectiveMatch { predicate: HttpPredicate::new(service, request), node: Some(request.node) });
    effective.collect()
}

/// The routes of a delegate in place of a route of its root.
fn delegated<'m>(
    root: &'m Object<'m, VirtualService<'m>>,
    root_route: &'m HttpRoute<'m>,
    delegate: &'m Object<'m, VirtualService<'m>>,
) -> Vec<EffectiveRoute<'m>> {
    let routes = (1..).zip(&delegate.spec.http);
    let routes = routes.filter(|(_, route)| dropped_match(root, root_route, delegate, route).is_none());
    let effective = routes.map(|(number, route)| EffectiveRoute {
        route,
        owner: delegate,
        number,
        matches: combined_matches(root, root_route, delegate, route),
        complete: true,
    });
    effective.collect()
}

fn combined_matches<'m>(
    root: &'m Object<'m, VirtualService<'m>>,
    root_route: &'m HttpRoute<'m>,
    delegate: &'m Object<'m, VirtualService<'m>>,
    route: &'m HttpRoute<'m>,
) -> Vec<EffectiveMatch<'m>> {
    let outer = matches(root, root_route);
    if route.r#match.is_empty() {
        return outer.into_iter().map(|outer| EffectiveMatch { node: None, ..outer }).collect();
    }
    let fits = |index: usize, inner: &HttpMatchRequest<'m>| {
        let outer = root_route.r#match.get(index);
        outer.is_none_or(|outer| {
            match_conflict((outer, root.meta.namespace), (inner, delegate.meta.namespace)).is_none()
        })
    };
    let combine = |inner: &HttpMatchRequest<'m>| {
        let own = HttpPredicate::of_delegate(root, delegate, inner);
        let fitting = outer.iter().enumerate().filter(|(index, _)| fits(*index, inner));
        let narrowed = fitting
            .map(|(_, outer)| EffectiveMatch { predicate: outer.predicate.narrowed(&own), node: Some(inner.node) });
        narrowed.collect::<Vec<_>>()
    };
    route.r#match.iter().flat_map(combine).collect()
}

/// The match because of which istiod drops a whole route of a delegate: it refines no match of the root. With it, why it
/// does not refine each of them.
pub fn dropped_match<'d, 'm>(
    root: &Object<'m, VirtualService<'m>>,
    root_route: &HttpRoute<'m>,
    delegate: &Object<'m, VirtualService<'m>>,
    route: &'d HttpRoute<'m>,
) -> Option<(&'d HttpMatchRequest<'m>, Vec<MatchConflict>)> {
    if root_route.r#match.is_empty() {
        return None;
    }
    route.r#match.iter().find_map(|inner| {
        let conflict = |outer| match_conflict((outer, root.meta.namespace), (inner, delegate.meta.namespace));
        let conflicts: Option<Vec<_>> = root_route.r#match.iter().map(conflict).collect();
        Some((inner, conflicts?))
    })
}

/// A match, and the namespace of the VirtualService that it is in.
pub type Match<'s, 'm> = (&'s HttpMatchRequest<'m>, &'m str);

/// Why `inner`, of a delegate, does not refine `outer`, of its root (istio 1.31 `pilot/pkg/model/virtualservice.go`,
/// `hasConflict`).
pub fn match_conflict<'m>((outer, root): Match<'_, 'm>, (inner, own): Match<'_, 'm>) -> Option<MatchConflict> {
    let at = |field: &str, text: String| MatchConflict {
        field: text,
        at: inner.node.key_at(field).unwrap_or(inner.node.head()),
        root_at: outer.node.key_at(field).unwrap_or(outer.node.head()),
    };
    let simple = |field: &str| at(field, format!("`{field}`"));
    let texts = [
        ("uri", &outer.uri, &inner.uri),
        ("scheme", &outer.scheme, &inner.scheme),
        ("method", &outer.method, &inner.method),
        ("authority", &outer.authority, &inner.authority),
    ];
    for (field, outer, inner) in texts {
        if texts_conflict(outer.as_deref(), inner.as_deref()) {
            return Some(simple(field));
        }
    }
    let maps = [
        ("headers", "header", &outer.headers, &inner.headers),
        ("withoutHeaders", "header", &outer.without_headers, &inner.without_headers),
        ("queryParams", "query parameter", &outer.query_params, &inner.query_params),
    ];
    for (field, what, outer, inner) in maps {
        for (name, text) in outer.iter() {
            if texts_conflict(Some(text), inner.get(name.value)) {
                return Some(at(field, format!("{what} `{}`", name.value)));
            }
        }
    }
    let ignores_case = |request: &HttpMatchRequest<'_>| request.ignore_uri_case.is_some_and(|on| on.value);
    if ignores_case(outer) != ignores_case(inner) {
        return Some(simple("ignoreUriCase"));
    }
    let port = |request: &HttpMatchRequest<'_>| request.port.map(|port| port.value).filter(|port| *port != 0);
    if port(outer).zip(port(inner)).is_some_and(|(outer, inner)| outer != inner) {
        return Some(simple("port"));
    }
    let namespace = |request: &HttpMatchRequest<'m>| request.source_namespace.map_or("", |text| text.value);
    if !namespace(outer).is_empty() && namespace(outer) != namespace(inner) {
        return Some(simple("sourceNamespace"));
    }
    let differs = |(key, value): (&Str<'_>, &Str<'_>)| {
        inner.source_labels.text(key.value).is_some_and(|text| text != value.value)
    };
    if outer.source_labels.iter().any(differs) {
        return Some(simple("sourceLabels"));
    }
    let names = |list: &[Str<'m>], namespace: &'m str| -> BTreeSet<_> {
        list.iter().map(|text| GatewayReference::parse(text.value, namespace)).map(|name| format!("{name:?}")).collect()
    };
    let (outer_names, inner_names) = (names(&outer.gateways, root), names(&inner.gateways, own));
    let both = !outer_names.is_empty() && !inner_names.is_empty();
    (both && !inner_names.is_subset(&outer_names)).then(|| simple("gateways"))
}

fn texts_conflict(outer: Option<&StringMatch<'_>>, inner: Option<&StringMatch<'_>>) -> bool {
    use StringMatchKind::{Exact, Prefix, Regex};
    let (Some(outer), Some(inner)) = (outer, inner) else { return false };
    match (outer.kind(), inner.kind()) {
        (Some(Regex(_)), _) | (_, Some(Regex(_))) => true,
        (Some(Exact(outer)), Some(Exact(inner))) => outer != inner,
        (Some(Prefix(outer)), Some(Exact(inner) | Prefix(inner))) => !inner.starts_with(outer),
        (Some(Exact(_)), _) | (Some(Prefix(_)) | None, _) => true,
    }
}
