use crate::finding::Severity;
use crate::mesh::{EffectiveRoute, L4Route, Mesh, Place, l4_routes, l4_shadows, shadows};
use crate::model::Object;
use crate::model::virtual_service::{Section, VirtualService};
use crate::rules::Report;

use super::is_reported_with;

/// Something must be left for every rule.
pub fn check<'m>(mesh: &Mesh<'m>, report: &mut Report) {
    for service in &mesh.resources.virtual_services {
        check_http(mesh, report, service);
        for section in [Section::Tls, Section::Tcp] {
            check_l4(report, service, &l4_routes(service, section));
        }
    }
}

fn check_http<'m>(mesh: &Mesh<'m>, report: &mut Report, service: &'m Object<'m, VirtualService<'m>>) {
    let routes = mesh.http_routes(service);
    for (route, takers) in routes.iter().zip(shadows(&routes)) {
        let Some(takers) = all_taken(takers) else { continue };
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
        for (at, number) in distinct_routes(&takers) {
            let taker = &routes[at];
            let place = taker.matches[number].node.unwrap_or(taker.route.node);
            draft = draft.related(place.head(), format!("{} takes them", name_of(taker, route)));
        }
        let example = route.matches[0].predicate.witness();
        let name = name_of(first, route);
        draft.help(match example {
            Some(witness) => format!("{witness} goes to {name}; put {title} before it, or remove it"),
            None => format!("put {title} before {name}, or remove it"),
        });
    }
}

/// The title of `route`, with its VirtualService if that is another than the one of `beside`.
fn name_of(route: &EffectiveRoute<'_>, beside: &EffectiveRoute<'_>) -> String {
    match std::ptr::eq(route.owner, beside.owner) {
        true => route.title(),
        false => format!("{} of `{}`", route.title(), route.owner.meta.full_name()),
    }
}

fn check_l4<'m>(report: &mut Report, service: &'m Object<'m, VirtualService<'m>>, routes: &[L4Route<'m>]) {
    for ((route, takers), number) in routes.iter().zip(l4_shadows(routes)).zip(1..) {
        let Some(takers) = all_taken(takers) else { continue };
        let mut draft = report
            .at(&service.meta, route.node.head(), format!("no connection reaches rule {number}"))
            .help(format!("put rule {number} before rule {}, or remove it", takers[0].0 + 1));
        for (at, number) in distinct_routes(&takers) {
            let place = routes[at].matches[number].1.unwrap_or(routes[at].node);
            draft = draft.related(place.head(), format!("rule {} takes them", at + 1));
        }
    }
}

/// The places that take the matches of a route, if something takes each of them.
fn all_taken(takers: Vec<Option<Place>>) -> Option<Vec<Place>> {
    let takers: Vec<_> = takers.into_iter().collect::<Option<_>>()?;
    (!takers.is_empty()).then_some(takers)
}

/// The first place of each route.
fn distinct_routes(takers: &[Place]) -> Vec<Place> {
    let mut places = takers.to_vec();
    places.sort_unstable();
    places.dedup_by_key(|(route, _)| *route);
    places
}
