use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::virtual_service::VirtualService;
use crate::rules::Report;

use super::fields::{is_set, may_be_set};

/// A VirtualService without hosts is a part of another one, and cannot have what only the whole has.
pub fn check<'m>(_: &Mesh<'m>, delegate: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    let node = delegate.spec.node;
    if may_be_set(node, "hosts") {
        return;
    }
    for field in ["gateways", "tls", "tcp"].into_iter().filter(|field| is_set(node, field)) {
        report
            .at(&delegate.meta, node.key_at(field).unwrap_or(node.head()), format!("a delegate has no `{field}`"))
            .label("without `hosts` the VirtualService is a delegate")
            .help(format!("add `hosts`, or remove `{field}`"));
    }
    for route in delegate.spec.http.iter().filter(|route| route.delegate.is_some()) {
        let at = route.node.key_at("delegate").unwrap_or(route.node.head());
        report
            .at(&delegate.meta, at, "a delegate cannot delegate further")
            .label("without `hosts` the VirtualService is a delegate")
            .help("write the routes here, or add `hosts`");
    }
}
