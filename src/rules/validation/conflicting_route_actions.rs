use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::virtual_service::VirtualService;
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
pub fn check<'m>(_: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    for route in &service.spec.http {
        let delegates = route.delegate.is_some() && !service.spec.is_delegate();
        let pairs: &[_] = if delegates { &WITH_DELEGATE } else { &PAIRS };
        report_pairs(&service.meta, route.node, pairs, report);
    }
}
