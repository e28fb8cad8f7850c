//! Hosts of gateways that several VirtualServices serve.

use std::collections::BTreeMap;

use crate::format::Host;
use crate::mesh::matching::{CoverIndex, HttpPredicate, Witness};
use crate::mesh::{EffectiveRoute, Mesh, ServerTraffic};
use crate::model::virtual_service::VirtualService;
use crate::model::{Object, Str};

/// A host of a gateway, with the VirtualServices that have HTTP rules for it.
pub(super) struct SharedHost<'m> {
    /// In the order of their names.
    pub users: Vec<HostUser<'m>>,
}

pub(super) struct HostUser<'m> {
    pub service: &'m Object<'m, VirtualService<'m>>,
    /// As it is written there.
    pub host: Str<'m>,
    /// The rules that hold on the gateway.
    routes: Vec<EffectiveRoute<'m>>,
}

/// A rule that takes the requests of a rule of another VirtualService if it comes first, each with the place of its user.
pub(super) struct Overlap<'s> {
    pub taker: (usize, &'s EffectiveRoute<'s>),
    pub taken: (usize, &'s EffectiveRoute<'s>),
    predicate: &'s HttpPredicate<'s>,
    /// Both accept everything.
    pub catch_all: bool,
}

impl Overlap<'_> {
    pub fn concerns(&self, user: usize) -> bool {
        self.taker.0 == user || self.taken.0 == user
    }

    /// A request that is for both.
    pub fn witness(&self) -> Option<Witness> {
        self.predicate.witness()
    }
}

/// What a VirtualService is bound by: the gateway, the port of the server if the gateway is known, and the host.
type Place<'m> = (&'m str, &'m str, Option<i64>, String);

/// Every host that more than one VirtualService serves on one gateway.
pub(super) fn shared_hosts<'m>(mesh: &Mesh<'m>) -> Vec<SharedHost<'m>> {
    let mut places: BTreeMap<Place<'m>, Vec<(&'m Object<'m, VirtualService<'m>>, Str<'m>)>> = BTreeMap::new();
    for service in mesh.resources.virtual_services.iter().filter(|service| !service.spec.http.is_empty()) {
        for (place, host) in served_places(mesh, service) {
            let users = places.entry(place).or_default();
            if !users.iter().any(|(other, _)| std::ptr::eq(*other, service)) {
                users.push((service, host));
            }
        }
    }
    let mut seen = Vec::new();
    let mut shared = Vec::new();
    for ((namespace, name, port, _), mut users) in places {
        if users.len() < 2 {
            continue;
        }
        users.sort_by_key(|(service, _)| (service.meta.namespace, service.meta.name.value));
        // The same VirtualServices on another port say nothing new.
        let spans: Vec<_> = users.iter().map(|(_, host)| host.at).collect();
        if seen.contains(&spans) {
            continue;
        }
        seen.push(spans);
        let user =
            |(service, host)| HostUser { service, host, routes: routes_on(mesh, service, namespace, name, port) };
        shared.push(SharedHost { users: users.into_iter().map(user).collect() });
    }
    shared
}

/// The hosts that a VirtualService serves, by gateway and port.
fn served_places<'m>(mesh: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>) -> Vec<(Place<'m>, Str<'m>)> {
    let mut places = Vec::new();
    for bound in mesh.bound_gateways(service) {
        for host in service.spec.hosts.iter().filter(|host| !host.is_placeholder()) {
            let full = mesh.full_name(host.value, service.meta.namespace).to_ascii_lowercase();
            let Some(gateway) = bound.gateway.found() else {
                places.push(((bound.namespace, bound.name, None, full), *host));
                continue;
            };
            for server in mesh.servers(gateway).filter(|server| server.traffic() == ServerTraffic::Http) {
                for (only, own, _) in server.hosts() {
                    let own = own.to_ascii_lowercase();
                    let both = Host::new(&own).intersection(Host::new(&full));
                    let visible = only.is_none_or(|only| only == service.meta.namespace);
                    if let Some(both) = both.filter(|_| visible) {
                        let place = (bound.namespace, bound.name, server.port(), both.as_str().to_owned());
                        places.push((place, *host));
                    }
                }
            }
        }
    }
    places
}

/// The rules that hold on a gateway and, if it is known, a port of it.
fn routes_on<'m>(
    mesh: &Mesh<'m>,
    service: &'m Object<'m, VirtualService<'m>>,
    namespace: &str,
    name: &str,
    port: Option<i64>,
) -> Vec<EffectiveRoute<'m>> {
    let mut routes = mesh.http_routes(service);
    for route in &mut routes {
        route.matches.retain(|found| {
            let same_port = found.predicate.port.is_none() || port.is_none() || found.predicate.port == port;
            same_port && found.predicate.proxies.includes(namespace, name)
        });
    }
    routes.retain(|route| !route.matches.is_empty() && route.complete);
    routes
}

impl<'m> SharedHost<'m> {
    /// The rules that take requests of others, and whose order is not written down.
    pub fn overlaps(&self) -> Vec<Overlap<'_>> {
        let mut atoms = Vec::new();
        for (user, of_user) in self.users.iter().enumerate() {
            for route in &of_user.routes {
                atoms.extend(route.matches.iter().map(|found| (user, route, &found.predicate)));
            }
        }
        let mut index = CoverIndex::default();
        for (number, (_, _, predicate)) in atoms.iter().enumerate() {
            index.insert(number, predicate);
        }
        let mut overlaps = Vec::new();
        for (user, route, predicate) in &atoms {
            for by in index.covering(predicate) {
                let (taker, taker_route, taker_predicate) = atoms[by];
                let catch_all = predicate.is_catch_all();
                // Rules without conditions go to the end, behind those of other VirtualServices.
                let in_order = taker_predicate.is_catch_all() && !catch_all || self.is_older(*user, taker);
                if taker == *user || in_order || taker_route.route.same_action(route.route) {
                    continue;
                }
                overlaps.push(Overlap { taker: (taker, taker_route), taken: (*user, *route), predicate, catch_all });
            }
        }
        overlaps
    }

    /// Whether the first user is known to be older than the second.
    fn is_older(&self, first: usize, second: usize) -> bool {
        let created = |user: usize| self.users[user].service.meta.created;
        created(first).zip(created(second)).is_some_and(|(first, second)| first < second)
    }
}
