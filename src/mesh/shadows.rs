//! Matches that nothing is left for, because earlier ones of the same list take it all.

use crate::model::Object;
use crate::model::virtual_service::{Section, VirtualService};
use crate::yaml::Node;

use super::EffectiveRoute;
use super::matching::{Connection, CoverIndex, Covers, HttpPredicate, L4Index, L4Predicate, Request};

/// The place of a match: its route and its position there.
pub type Place = (usize, usize);

/// A match that gets nothing.
#[derive(Clone, Debug)]
pub struct Shadow<W> {
    /// The first match that takes all its requests; several if it takes one for each of its gateways.
    pub takers: Vec<Place>,
    /// One of its requests, and the first match that accepts it; `None` where a regular expression is too large, or a
    /// delegate that the input does not show may be asked first.
    pub witness: Option<(W, Place)>,
}

/// For each match of each route what takes all its requests, if earlier matches do. Matches that hold for no proxy of the
/// VirtualService take nothing and lose nothing.
pub fn shadows<'m>(routes: &[EffectiveRoute<'m>]) -> Vec<Vec<Option<Shadow<Request<'m>>>>> {
    let predicates = routes.iter().map(|route| {
        let matches = route.matches.iter().map(|found| &found.predicate);
        (matches.map(|own| (!own.proxies.is_empty()).then_some(own)).collect(), route.complete)
    });
    let hidden = routes.iter().position(|route| !route.complete).unwrap_or(routes.len());
    let mut shadows = shadows_in(CoverIndex::default(), predicates);
    for shadow in shadows.iter_mut().skip(hidden).flatten().flatten() {
        shadow.witness = shadow.witness.take().filter(|(_, (at, _))| *at < hidden);
    }
    shadows
}

/// As [`shadows`], for `tls` and `tcp`.
pub fn l4_shadows<'m>(routes: &[L4Route<'m>]) -> Vec<Vec<Option<Shadow<Connection<'m>>>>> {
    let predicates = routes.iter().map(|route| {
        let matches = route.matches.iter().map(|(own, _)| own);
        (matches.map(|own| (!own.proxies.is_empty()).then_some(own)).collect(), true)
    });
    shadows_in(L4Index::default(), predicates)
}

/// For each predicate of a list what takes all its requests, as [`shadows`] says; places are positions in the list.
pub(super) fn shadows_of<'m>(predicates: &[&HttpPredicate<'m>]) -> Vec<Option<Shadow<Request<'m>>>> {
    let single = predicates.iter().map(|predicate| (vec![Some(*predicate)], true));
    shadows_in(CoverIndex::default(), single).into_iter().flatten().collect()
}

/// Each route with its predicates, `None` for those that hold for no proxy, and whether it takes all that they accept.
fn shadows_in<'p, P: 'p, I: Covers<'p, P>>(
    mut index: I,
    routes: impl Iterator<Item = (Vec<Option<&'p P>>, bool)>,
) -> Vec<Vec<Option<Shadow<I::Witness>>>> {
    let mut places: Vec<Place> = Vec::new();
    let mut shadows = Vec::new();
    for (at, (matches, complete)) in routes.enumerate() {
        let of_match = |(number, predicate): (usize, Option<&'p P>)| {
            let predicate = predicate?;
            let Some(takers) = index.takers(predicate) else {
                // What takes the requests of a match that is taken itself is found anyway.
                if complete {
                    index.insert(places.len(), predicate);
                    places.push((at, number));
                }
                return None;
            };
            let witness = index.witness(predicate).map(|(witness, by)| (witness, places[by]));
            Some(Shadow { takers: takers.into_iter().map(|taker| places[taker]).collect(), witness })
        };
        shadows.push(matches.into_iter().enumerate().map(of_match).collect());
    }
    shadows
}

/// A route of `tls` or `tcp`.
#[derive(Clone, Debug)]
pub struct L4Route<'m> {
    pub node: Node<'m>,
    /// Each with its place; `None` if the route has no `match`.
    pub matches: Vec<(L4Predicate<'m>, Option<Node<'m>>)>,
}

/// The routes of `tls` or of `tcp`.
pub fn l4_routes<'m>(service: &Object<'m, VirtualService<'m>>, section: Section) -> Vec<L4Route<'m>> {
    let all = || vec![(L4Predicate::all(service), None)];
    let route = |node, matches: Vec<_>| L4Route { node, matches: if matches.is_empty() { all() } else { matches } };
    match section {
        Section::Http => Vec::new(),
        Section::Tls => {
            let routes = service.spec.tls.iter().map(|tls| {
                let matches = tls.r#match.iter().map(|found| (L4Predicate::tls(service, found), Some(found.node)));
                route(tls.node, matches.collect())
            });
            routes.collect()
        }
        Section::Tcp => {
            let routes = service.spec.tcp.iter().map(|tcp| {
                let matches = tcp.r#match.iter().map(|found| (L4Predicate::tcp(service, found), Some(found.node)));
                route(tcp.node, matches.collect())
            });
            routes.collect()
        }
    }
}
