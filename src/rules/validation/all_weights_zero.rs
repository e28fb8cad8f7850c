use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::virtual_service::VirtualService;
use crate::rules::Report;
use crate::yaml::{Node, Scalar};

use super::fields::values;

/// Traffic that is split must go somewhere.
pub fn check<'m>(_: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    for section in ["http", "tls", "tcp"] {
        for route in values(service.spec.node, &[section]) {
            let destinations = values(route, &["route"]);
            if destinations.len() < 2 || !destinations.iter().all(|destination| is_zero(*destination)) {
                continue;
            }
            let at = destinations.iter().find_map(|destination| destination.get("weight")).map(Node::at);
            report
                .at(&service.meta, at.or(route.key_at("route")).unwrap_or(route.head()), "all weights are 0")
                .label("no destination would get any traffic")
                .help("give at least one destination a `weight`");
        }
    }
}

fn is_zero(destination: Node<'_>) -> bool {
    destination.get("weight").is_none_or(|weight| matches!(weight.scalar(), Some(Scalar::Int(0))))
}
