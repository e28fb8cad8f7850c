use crate::mesh::Mesh;
use crate::rules::Report;

use super::fields::report_pairs;

const PAIRS: [(&str, &str); 8] = [
    ("redirect", "route"),
    ("redirect", "fault"),
    ("redirect", "rewrite"),
    ("redirect", "directResponse"),
    ("directResponse", "route"),
    ("directResponse", "fault"),
    ("directResponse", "rewrite"),
    ("mirror", "mirrors"),
];

/// Of routes that leave the rest to another VirtualService istiod asks nothing more.
const WITH_DELEGATE: [(&str, &str); 2] = [("delegate", "redirect"), ("delegate", "route")];

/// A route does one thing with a request.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for service in &mesh.resources.virtual_services {
        for route in &service.spec.http {
            let delegates = route.delegate.is_some() && !service.spec.is_delegate();
            let pairs: &[_] = if delegates { &WITH_DELEGATE } else { &PAIRS };
            report_pairs(&service.meta, route.node, pairs, report);
        }
    }
}
