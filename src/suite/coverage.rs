//! Which routes and policies tests reach.

use std::collections::{BTreeMap, BTreeSet};

use crate::mesh::{DelegateLookup, Mesh};
use crate::model::Object;
use crate::model::virtual_service::{HttpRoute, VirtualService};
use crate::source::Span;
use crate::yaml::Node;

use super::expectation::bracketed;

/// All that tests can reach, in the order of the files.
#[derive(Debug)]
pub struct Coverage {
    pub places: Vec<Place>,
}

/// What calls have reached.
#[derive(Debug, Default)]
pub(super) struct Reached {
    /// Where the routes and chains are written that took them.
    pub routes: BTreeSet<Span>,
    /// All policies that match, dry ones too, as istiod calls them: `ns[shop]-policy[web]-rule[0]`.
    pub policies: BTreeSet<String>,
    /// Where the rules are written that took their tokens.
    pub token_rules: BTreeSet<Span>,
}

/// A match or route of a VirtualService, or a rule of an AuthorizationPolicy or RequestAuthentication.
#[derive(Debug)]
pub struct Place {
    pub kind: PlaceKind,
    pub at: Span,
    /// `VirtualService shop/web`
    pub resource: String,
    pub reached: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PlaceKind {
    Route,
    Policy,
    /// Of tokens.
    Authentication,
}

impl Reached {
    pub fn extend(&mut self, other: Self) {
        self.routes.extend(other.routes);
        self.policies.extend(other.policies);
        self.token_rules.extend(other.token_rules);
    }
}

impl Coverage {
    pub(super) fn new(mesh: &Mesh<'_>, reached: &Reached) -> Self {
        let is_reached = |places: &[Span]| places.iter().any(|place| reached.routes.contains(place));
        let mut places: Vec<_> = all_routes(mesh)
            .into_iter()
            .map(|(at, (resource, own))| Place { kind: PlaceKind::Route, at, resource, reached: is_reached(&own) })
            .collect();
        places.extend(all_rules(mesh).into_iter().map(|((resource, index), at)| Place {
            kind: PlaceKind::Policy,
            at,
            reached: reached.policies.iter().any(|name| is_rule(name, &resource, index)),
            resource: format!("AuthorizationPolicy {resource}"),
        }));
        for policy in &mesh.resources.request_authentications {
            places.extend(policy.spec.jwt_rules.iter().map(|rule| Place {
                kind: PlaceKind::Authentication,
                at: rule.node.head(),
                reached: reached.token_rules.contains(&rule.node.head()),
                resource: format!("RequestAuthentication {}", policy.meta.full_name()),
            }));
        }
        places.sort_by_key(|place| (place.at, place.kind));
        Self { places }
    }

    /// How many are reached, of how many.
    pub fn count(&self, kind: PlaceKind) -> (usize, usize) {
        let own: Vec<_> = self.places.iter().filter(|place| place.kind == kind).collect();
        (own.iter().filter(|place| place.reached).count(), own.len())
    }

    /// Of all places; 100 if there are none.
    pub fn percent(&self) -> f64 {
        let reached = self.places.iter().filter(|place| place.reached).count();
        if self.places.is_empty() { 100.0 } else { reached as f64 * 100.0 / self.places.len() as f64 }
    }
}

/// Where routes are written that proxies get: matches, and rules that have none; with the places that the proxies' own
/// routes and chains may have. A route of TCP or TLS counts as one.
fn all_routes(mesh: &Mesh<'_>) -> BTreeMap<Span, (String, Vec<Span>)> {
    let mut routes = BTreeMap::new();
    for object in mesh.resources.virtual_services.iter().filter(|object| !object.spec.hosts.is_empty()) {
        for rule in &object.spec.http {
            routes.extend(http_routes(mesh, object, rule).into_iter().map(|(at, title)| (at, (title, vec![at]))));
        }
        let places = |route: Node<'_>, blocks: Vec<Node<'_>>| {
            (route.head(), [route].into_iter().chain(blocks).map(Node::head).collect::<Vec<_>>())
        };
        let tls = object.spec.tls.iter();
        let tls = tls.map(|route| places(route.node, route.r#match.iter().map(|block| block.node).collect()));
        let tcp = object.spec.tcp.iter();
        let tcp = tcp.map(|route| places(route.node, route.r#match.iter().map(|block| block.node).collect()));
        routes.extend(tls.chain(tcp).map(|(at, own)| (at, (title(object), own))));
    }
    routes
}

/// A rule that delegates makes a route of each rule of the delegate, which stands where its matches do.
fn http_routes<'m>(
    mesh: &Mesh<'m>,
    object: &Object<'m, VirtualService<'m>>,
    rule: &HttpRoute<'m>,
) -> Vec<(Span, String)> {
    let matches = |rule: &HttpRoute<'m>| rule.r#match.iter().map(|request| request.node.head()).collect::<Vec<_>>();
    let Some(delegate) = &rule.delegate else {
        let own = matches(rule);
        let places = if own.is_empty() { vec![rule.node.head()] } else { own };
        return places.into_iter().map(|at| (at, title(object))).collect();
    };
    let DelegateLookup::Found(inner) = mesh.delegate(object, delegate) else { return Vec::new() };
    let places = inner.spec.http.iter().flat_map(|own| match (matches(own), matches(rule)) {
        (own, _) if !own.is_empty() => own.into_iter().map(|at| (at, title(inner))).collect::<Vec<_>>(),
        (_, outer) if !outer.is_empty() => outer.into_iter().map(|at| (at, title(object))).collect(),
        _ => vec![(own.node.head(), title(inner))],
    });
    places.collect()
}

fn title(object: &Object<'_, VirtualService<'_>>) -> String {
    format!("VirtualService {}", object.meta.full_name())
}

/// The rules of policies by their names and positions.
fn all_rules(mesh: &Mesh<'_>) -> BTreeMap<(String, usize), Span> {
    let policies = mesh.resources.authorization_policies.iter();
    let rules = policies.flat_map(|policy| {
        let rules = policy.spec.rules.iter().enumerate();
        rules.map(|(index, rule)| ((policy.meta.full_name(), index), rule.node.head())).collect::<Vec<_>>()
    });
    rules.collect()
}

/// Whether istiod calls a rule so: `ns[shop]-policy[web]-rule[0]`.
fn is_rule(name: &str, resource: &str, index: usize) -> bool {
    let (namespace, own) = resource.split_once('/').unwrap_or_default();
    bracketed(name, "ns") == Some(namespace)
        && bracketed(name, "policy") == Some(own)
        && bracketed(name, "rule").and_then(|text| text.parse().ok()) == Some(index)
}
