use crate::finding::Severity;
use crate::mesh::{Mesh, shadows};
use crate::rules::Report;

use super::is_reported_with;

/// Something must be left for every match of a rule that gets requests at all.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for service in &mesh.resources.virtual_services {
        let routes = mesh.http_routes(service);
        for (at, (route, takers)) in routes.iter().zip(shadows(&routes)).enumerate() {
            if takers.iter().all(Option::is_some) {
                continue;
            }
            for (number, (found, taker)) in route.matches.iter().zip(takers).enumerate() {
                let (Some((by, by_number)), Some(node)) = (taker, found.node) else { continue };
                let taker = &routes[by];
                if !is_reported_with(mesh, service, route, taker) {
                    continue;
                }
                let (title, number) = (route.title(), number + 1);
                let own = by == at;
                let message = match own {
                    true => format!("match {number} of {title} is superfluous"),
                    false => format!("no request reaches match {number} of {title}"),
                };
                let place = taker.matches[by_number].node.unwrap_or(taker.route.node);
                let text = match own {
                    true => format!("contained in match {}", by_number + 1),
                    false => format!("{} takes them", taker.title()),
                };
                let mut draft = report.at(&route.owner.meta, node.head(), message).related(place.head(), text);
                if own || taker.route.same_action(route.route) {
                    draft = draft.severity(Severity::Info);
                }
                draft.help(match found.predicate.witness() {
                    Some(witness) if !own => format!("{witness} goes to {}; put {title} before it", taker.title()),
                    _ => "remove the match".to_owned(),
                });
            }
        }
    }
}
