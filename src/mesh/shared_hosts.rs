//! Hosts of gateways that several VirtualServices serve. The gateway tries the rules of all of them: one VirtualService
//! after the other, the oldest first, and rules without conditions last (istio 1.31
//! `pilot/pkg/networking/core/gateway.go`, `buildGatewayHTTPRouteConfig`, and `SortVHostRoutes` in `core/route`).

use std::collections::BTreeMap;

use rustc_hash::FxHashSet;

use crate::format::Host;
use crate::model::virtual_service::VirtualService;
use crate::model::{Labels, Object, Str};

use super::matching::{CoverIndex, Covers, HttpPredicate, Request};
use super::shadows::{Shadow, shadows_of};
use super::{EffectiveMatch, EffectiveRoute, Mesh, ServerRef, ServerTraffic};

/// A host of a gateway, with the VirtualServices that have HTTP rules for it.
pub struct SharedHost<'m> {
    /// Oldest first.
    pub users: Vec<HostUser<'m>>,
    overlaps: Vec<Pair>,
}

/// Positions in the list of matches: of what takes, and of what is taken.
pub(super) type Pair = (usize, usize);

pub struct HostUser<'m> {
    pub service: &'m Object<'m, VirtualService<'m>>,
    /// As it is written there.
    pub host: Str<'m>,
    /// The rules that hold on the gateway.
    routes: Vec<EffectiveRoute<'m>>,
}

/// A match in the list of all rules for a host.
#[derive(Clone, Copy, Debug)]
pub struct MergedMatch<'s, 'm> {
    /// The position of its VirtualService.
    pub user: usize,
    pub route: &'s EffectiveRoute<'m>,
    pub found: &'s EffectiveMatch<'m>,
}

/// A match that takes all requests of a match of another VirtualService, if it comes first.
#[derive(Clone, Copy, Debug)]
pub struct Overlap<'s, 'm> {
    pub taker: MergedMatch<'s, 'm>,
    pub taken: MergedMatch<'s, 'm>,
}

/// Of the matches that take the requests of another one, so many are looked at: others would say nothing new.
const MOST_TAKERS: usize = 16;

impl<'s, 'm> MergedMatch<'s, 'm> {
    pub fn predicate(&self) -> &'s HttpPredicate<'m> {
        &self.found.predicate
    }
}

impl<'s, 'm> Overlap<'s, 'm> {
    pub fn concerns(&self, user: usize) -> bool {
        self.taker.user == user || self.taken.user == user
    }

    /// Whether both accept everything.
    pub fn is_catch_all(&self) -> bool {
        self.taken.predicate().is_catch_all()
    }

    /// A request that is for both.
    pub fn witness(&self) -> Option<Request<'m>> {
        self.taken.predicate().witness()
    }
}

impl<'m> SharedHost<'m> {
    /// Whether the input tells which VirtualService is older than which.
    pub fn is_ordered(&self) -> bool {
        self.users.iter().all(|user| user.service.meta.created.is_some())
    }

    /// All matches in the order in which they are tried, as far as it is known.
    pub fn matches(&self) -> Vec<MergedMatch<'_, 'm>> {
        let users = self.users.iter().enumerate();
        let routes = users.flat_map(|(user, of_user)| of_user.routes.iter().map(move |route| (user, route)));
        let matches =
            routes.flat_map(|(user, route)| route.matches.iter().map(move |found| MergedMatch { user, route, found }));
        let (last, mut first): (Vec<_>, Vec<_>) = matches.partition(|own| own.predicate().is_catch_all());
        first.extend(last);
        first
    }

    /// For each of `matches` what takes all its requests. Nothing, unless the order is known.
    pub fn shadows<'s>(&self, matches: &[MergedMatch<'s, 'm>]) -> Vec<Option<Shadow<Request<'m>>>> {
        let predicates: Vec<_> = matches.iter().map(|own| own.predicate()).collect();
        if self.is_ordered() { shadows_of(&predicates) } else { matches.iter().map(|_| None).collect() }
    }

    /// The matches that take requests of matches of other VirtualServices, where nobody knows which comes first.
    pub fn overlaps(&self) -> Vec<Overlap<'_, 'm>> {
        let matches = if self.overlaps.is_empty() { Vec::new() } else { self.matches() };
        let overlap = |&(taker, taken): &Pair| Overlap { taker: matches[taker], taken: matches[taken] };
        self.overlaps.iter().map(overlap).collect()
    }

    fn find_overlaps(&self) -> Vec<Pair> {
        let matches = self.matches();
        let mut index = CoverIndex::default();
        for (number, own) in matches.iter().enumerate() {
            index.insert(number, own.predicate());
        }
        let mut overlaps = Vec::new();
        for (number, taken) in matches.iter().enumerate() {
            let takers = index.covering(taken.predicate()).take(MOST_TAKERS);
            let takers = takers.filter(|taker| self.may_lose(taken, &matches[*taker]));
            overlaps.extend(takers.map(|taker| (taker, number)));
        }
        overlaps
    }

    /// Whether a request that is for both may go to either, with different results.
    fn may_lose(&self, taken: &MergedMatch<'_, 'm>, taker: &MergedMatch<'_, 'm>) -> bool {
        let created = |own: &MergedMatch<'_, 'm>| self.users[own.user].service.meta.created;
        let is_known = created(taken).is_some() && created(taker).is_some();
        let comes_last = taker.predicate().is_catch_all() && !taken.predicate().is_catch_all();
        taken.user != taker.user && !is_known && !comes_last && !taker.route.route.same_action(taken.route.route)
    }
}

/// Where a VirtualService has its rules for a host: the gateways that share a list of rules, the port of the server if the
/// gateway is known, and the host.
type Place<'m> = (RouteList<'m>, Option<i64>, String);

/// The rules for plain HTTP of all gateways for the same proxies are one list; with TLS each gateway has its own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum RouteList<'m> {
    Plain(Vec<(&'m str, &'m str)>),
    Gateway(&'m str, &'m str),
}

/// A VirtualService at a place: by which gateway, and by which of its hosts.
type Use<'m> = (&'m Object<'m, VirtualService<'m>>, (&'m str, &'m str), Str<'m>);

impl<'m> Mesh<'m> {
    /// Every host that more than one VirtualService serves on one gateway.
    pub fn shared_hosts(&self) -> Vec<SharedHost<'m>> {
        let mut hosts = self.find_shared_hosts();
        // Several rules ask for them; to compare their rules is the most of it.
        let overlaps = self.overlaps.get_or_init(|| hosts.iter().map(SharedHost::find_overlaps).collect());
        hosts.iter_mut().zip(overlaps).for_each(|(host, overlaps)| host.overlaps.clone_from(overlaps));
        hosts
    }

    fn find_shared_hosts(&self) -> Vec<SharedHost<'m>> {
        let mut places: BTreeMap<Place<'m>, Vec<Use<'m>>> = BTreeMap::new();
        for service in self.resources.virtual_services.iter().filter(|service| !service.spec.http.is_empty()) {
            for (place, gateway, host) in self.served_places(service) {
                let users = places.entry(place).or_default();
                if !users.last().is_some_and(|(other, _, _)| std::ptr::eq(*other, service)) {
                    users.push((service, gateway, host));
                }
            }
        }
        let mut seen = FxHashSet::default();
        let mut shared = Vec::new();
        for ((_, port, _), mut users) in places {
            if users.len() < 2 {
                continue;
            }
            users.sort_by_key(|(service, _, _)| service.meta.age_order());
            // The same VirtualServices on another port say nothing new.
            let spans: Vec<_> = users.iter().map(|(_, _, host)| host.at).collect();
            if seen.insert(spans) {
                let user = |(service, gateway, host)| HostUser {
                    service,
                    host,
                    routes: self.routes_on(service, gateway, port),
                };
                let users = users.into_iter().map(user).collect();
                shared.push(SharedHost { users, overlaps: Vec::new() });
            }
        }
        shared
    }

    /// The hosts that a VirtualService serves on gateways.
    fn served_places(
        &self,
        service: &'m Object<'m, VirtualService<'m>>,
    ) -> Vec<(Place<'m>, (&'m str, &'m str), Str<'m>)> {
        let mut places = Vec::new();
        for bound in self.bound_gateways(service) {
            let name = (bound.namespace, bound.name);
            for host in service.spec.hosts.iter().filter(|host| !host.is_placeholder()) {
                let full = self.full_name(host.value, service.meta.namespace);
                let Some(gateway) = bound.gateway.found() else {
                    places.push(((RouteList::Gateway(name.0, name.1), None, full.into_owned()), name, *host));
                    continue;
                };
                let serving = self.serving(gateway, &full, service.meta.namespace).into_iter();
                for (server, own) in serving.filter(|(server, _)| server.traffic() == ServerTraffic::Http) {
                    let both = Host::new(own).intersection(Host::new(&full)).unwrap_or(Host::new(own));
                    let place = (route_list(&server), server.port(), both.as_str().to_owned());
                    places.push((place, name, *host));
                }
            }
        }
        places
    }

    /// The rules that hold on a gateway and, if it is known, a port of it, as if they were for nothing else.
    fn routes_on(
        &self,
        service: &'m Object<'m, VirtualService<'m>>,
        (namespace, name): (&'m str, &'m str),
        port: Option<i64>,
    ) -> Vec<EffectiveRoute<'m>> {
        let mut routes = self.http_routes(service);
        for route in &mut routes {
            route.matches.retain_mut(|found| found.predicate.restrict(namespace, name, port));
        }
        routes.retain(|route| !route.matches.is_empty() && route.complete);
        routes
    }
}

fn route_list<'m>(server: &ServerRef<'m>) -> RouteList<'m> {
    let gateway = server.gateway;
    match server.tls_mode() {
        None if !gateway.spec.selector.is_empty() => RouteList::Plain(pairs(&gateway.spec.selector)),
        _ => RouteList::Gateway(gateway.meta.namespace, gateway.meta.name.value),
    }
}

fn pairs<'m>(selector: &Labels<'m>) -> Vec<(&'m str, &'m str)> {
    let mut pairs: Vec<_> = selector.iter().map(|(key, value)| (key.value, value.value)).collect();
    pairs.sort_unstable();
    pairs
}
