use crate::finding::Severity;
use crate::mesh::{Mesh, shadows};
use crate::model::Object;
use crate::model::virtual_service::VirtualService;
use crate::rules::Report;

use super::{example_host, is_reported_with, name_of};

/// Something must be left for every match of a rule that gets requests at all.
pub fn check<'m>(mesh: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    let routes = mesh.http_routes(service);
    for (at, (route, shadows)) in routes.iter().zip(shadows(&routes)).enumerate() {
        if shadows.iter().all(Option::is_some) {
            continue;
        }
        for (number, (found, shadow)) in route.matches.iter().zip(shadows).enumerate() {
            let (Some(shadow), Some(node)) = (shadow, found.node) else { continue };
            let (by, by_number) = shadow.takers[0];
            let taker = &routes[by];
            if !is_reported_with(mesh, service, route, taker) {
                continue;
            }
            let (title, number) = (route.title(), number + 1);
            let own = by == at;
            let (message, text) = match own {
                true => (
                    format!("match {number} of {title} is superfluous"),
                    format!("contained in match {}", by_number + 1),
                ),
                false => (
                    format!("no request reaches match {number} of {title}"),
                    format!("{} takes them", name_of(taker, route)),
                ),
            };
            let place = taker.matches[by_number].node.unwrap_or(taker.route.node);
            let mut draft = report.at(&route.owner.meta, node.head(), message).related(place.head(), text);
            if own || taker.route.same_action(route.route) {
                draft = draft.severity(Severity::Info);
            }
            draft.help(match shadow.witness.filter(|_| !own) {
                Some((request, (by, _))) => {
                    let (request, by) = (request.to_host(&example_host(service)), name_of(&routes[by], route));
                    format!("{request} goes to {by}, not to {title}: move it up, or remove the match")
                }
                None => "remove the match".to_owned(),
            });
        }
    }
}
