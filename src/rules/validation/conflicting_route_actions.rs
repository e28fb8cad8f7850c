use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::virtual_service::VirtualService;
use crate::rules::Report;

use super::fields::report_pairs;

const PAIRS: [(&str, &[&str]); 3] = [
    ("redirect", &["route", "fault", "rewrite", "directResponse"]),
    ("directResponse", &["route", "fault", "rewrite"]),
    ("mirror", &["mirrors"]),
];

/// Of routes that leave the rest to another VirtualService istiod asks nothing more.
const WITH_DELEGATE: [(&str, &[&str]); 1] = [("delegate", &["redirect", "route"])];

/// A route does one thing with a request.
pub fn check<'m>(_: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    for route in &service.spec.http {
        let delegates = route.delegate.is_some() && !service.spec.is_delegate();
        let pairs: &[_] = if delegates { &WITH_DELEGATE } else { &PAIRS };
        report_pairs(&service.meta, route.node, pairs, report);
    }
}
