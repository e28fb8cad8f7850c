use std::fmt::Display;

use crate::finding::Severity;
use crate::mesh::{EffectiveRoute, L4Route, Mesh, Place, Shadow, SharedHost, l4_routes, l4_shadows, shadows};
use crate::model::Object;
use crate::model::virtual_service::{Section, VirtualService};
use crate::rules::Report;

use super::{example_host, is_reported_with, name_of};

/// Something must be left for every rule.
pub fn check<'m>(mesh: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    check_http(mesh, report, service);
    for section in [Section::Tls, Section::Tcp] {
        check_l4(report, service, &l4_routes(service, section));
    }
}

/// Also where VirtualServices share a host.
pub fn check_hosts(mesh: &Mesh<'_>, report: &mut Report) {
    for shared in mesh.shared_hosts().iter().filter(|shared| shared.is_ordered()) {
        check_shared(report, shared);
    }
}

fn check_http<'m>(mesh: &Mesh<'m>, report: &mut Report, service: &'m Object<'m, VirtualService<'m>>) {
    let routes = mesh.http_routes(service);
    for (route, shadows) in routes.iter().zip(shadows(&routes)) {
        let Some(shadows) = all_taken(shadows) else { continue };
        let takers = first_of_routes(&shadows);
        let first = &routes[takers[0].0];
        if !is_reported_with(mesh, service, route, first) {
            continue;
        }
        let title = route.title();
        let head = route.route.node.head();
        let mut draft = report.at(&route.owner.meta, head, format!("no request reaches {title}"));
        if takers.iter().all(|(at, _)| routes[*at].route.same_action(route.route)) {
            draft = draft.severity(Severity::Warning);
        }
        for (at, number) in takers {
            let taker = &routes[at];
            let place = taker.matches[number].node.unwrap_or(taker.route.node);
            draft = draft.related(place.head(), format!("{} takes them", name_of(taker, route)));
        }
        let witness = shadows.iter().find_map(|shadow| shadow.witness.clone());
        let witness =
            witness.map(|(request, (by, _))| (request.to_host(&example_host(service)), name_of(&routes[by], route)));
        draft.help(advice(&title, &name_of(first, route), witness));
    }
}

fn check_l4<'m>(report: &mut Report, service: &'m Object<'m, VirtualService<'m>>, routes: &[L4Route<'m>]) {
    for ((route, shadows), number) in routes.iter().zip(l4_shadows(routes)).zip(1..) {
        let Some(shadows) = all_taken(shadows) else { continue };
        let takers = first_of_routes(&shadows);
        let title = format!("rule {number}");
        let name = |at: usize| format!("rule {}", at + 1);
        let mut draft = report.at(&service.meta, route.node.head(), format!("no connection reaches {title}"));
        for (at, number) in &takers {
            let place = routes[*at].matches[*number].1.unwrap_or(routes[*at].node);
            draft = draft.related(place.head(), format!("{} takes them", name(*at)));
        }
        let witness = shadows.iter().find_map(|shadow| shadow.witness.as_ref());
        let witness = witness.map(|(connection, (by, _))| (connection, name(*by)));
        draft.help(advice(&title, &name(takers[0].0), witness));
    }
}

/// Rules of a VirtualService that older ones for the same host leave nothing for.
fn check_shared(report: &mut Report, shared: &SharedHost<'_>) {
    let matches = shared.matches();
    let shadows = shared.shadows(&matches);
    let mut routes: Vec<(&EffectiveRoute<'_>, Vec<_>)> = Vec::new();
    let mut of_route = rustc_hash::FxHashMap::default();
    for (own, shadow) in matches.iter().zip(&shadows) {
        let at = *of_route.entry(std::ptr::from_ref(own.route)).or_insert_with(|| {
            routes.push((own.route, Vec::new()));
            routes.len() - 1
        });
        routes[at].1.push((own, shadow.as_ref()));
    }
    for (route, parts) in routes {
        let Some(taken) = parts.iter().map(|(own, shadow)| Some((own, (*shadow)?))).collect::<Option<Vec<_>>>() else {
            continue;
        };
        let takers: Vec<_> = taken.iter().flat_map(|(_, shadow)| &shadow.takers).map(|(at, _)| matches[*at]).collect();
        let Some(other) = takers.iter().find(|taker| taker.user != taken[0].0.user) else { continue };
        // Some of them may be taken within the VirtualService.
        let title = route.title();
        let name = name_of(other.route, route);
        let draft = report
            .at(&route.owner.meta, route.route.node.head(), format!("no request reaches {title}"))
            .related(other.route.route.node.head(), format!("{name} takes them: it is older"));
        let host = shared.users[taken[0].0.user].host;
        let witness = taken.iter().find_map(|(_, shadow)| shadow.witness.clone());
        let witness =
            witness.map(|(request, (by, _))| (request.to_host(host.value), name_of(matches[by].route, route)));
        draft.help(advice(&title, &name, witness));
    }
}

/// What to do about a rule that another one takes everything from, with an example of where it goes.
fn advice(title: &str, taker: &str, witness: Option<(impl Display, String)>) -> String {
    match witness {
        Some((example, by)) => format!("{example} goes to {by}, not to {title}: move it up, or remove it"),
        None => format!("put {title} before {taker}, or remove it"),
    }
}

/// The shadows of all matches of a route, if all of them are taken.
fn all_taken<W>(shadows: Vec<Option<Shadow<W>>>) -> Option<Vec<Shadow<W>>> {
    let shadows: Vec<_> = shadows.into_iter().collect::<Option<_>>()?;
    (!shadows.is_empty()).then_some(shadows)
}

/// Of each route that takes something the first match.
fn first_of_routes<W>(shadows: &[Shadow<W>]) -> Vec<Place> {
    let mut places: Vec<_> = shadows.iter().flat_map(|shadow| &shadow.takers).copied().collect();
    places.sort_unstable();
    places.dedup_by_key(|(route, _)| *route);
    places
}
