//! Matches that nothing is left for, because earlier ones of the same list take it all.

use crate::model::Object;
use crate::model::virtual_service::{Section, VirtualService};
use crate::yaml::Node;

use super::EffectiveRoute;
use super::matching::{CoverIndex, Covers, L4Index, L4Predicate};

/// The place of a match: its route and its position there.
pub type Place = (usize, usize);

/// For each match of each route the place of the first earlier match that takes all its requests. Matches that hold for no
/// proxy of the VirtualService take nothing and lose nothing.
pub fn shadows(routes: &[EffectiveRoute<'_>]) -> Vec<Vec<Option<Place>>> {
    let predicates = routes.iter().map(|route| {
        let matches = route.matches.iter().map(|found| &found.predicate);
        (matches.map(|own| (!own.proxies.is_empty()).then_some(own)).collect(), route.complete)
    });
    shadows_in(CoverIndex::default(), predicates)
}

/// As [`shadows`], for `tls` and `tcp`.
pub fn l4_shadows(routes: &[L4Route<'_>]) -> Vec<Vec<Option<Place>>> {
    let predicates = routes.iter().map(|route| {
        let matches = route.matches.iter().map(|(own, _)| own);
        (matches.map(|own| (!own.proxies.is_empty()).then_some(own)).collect(), true)
    });
    shadows_in(L4Index::default(), predicates)
}

/// Each route with its predicates, `None` for those that hold for no proxy, and whether it takes all that they accept.
fn shadows_in<'p, P: 'p>(
    mut index: impl Covers<'p, P>,
    routes: impl Iterator<Item = (Vec<Option<&'p P>>, bool)>,
) -> Vec<Vec<Option<Place>>> {
    let mut places: Vec<Place> = Vec::new();
    let mut shadows = Vec::new();
    for (at, (matches, complete)) in routes.enumerate() {
        let of_match = |(number, predicate): (usize, Option<&'p P>)| {
            let predicate = predicate?;
            let by = index.first_covering(predicate).map(|place| places[place]);
            // What takes the requests of a match that is taken itself is found anyway.
            if by.is_none() && complete {
                index.insert(places.len(), predicate);
                places.push((at, number));
            }
            by
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
