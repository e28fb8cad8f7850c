use crate::model::Object;
use crate::model::virtual_service::VirtualService;
use rustc_hash::FxHashMap;

use crate::mesh::Mesh;
use crate::rules::Report;

/// A route that lists a destination twice.
pub fn check<'m>(mesh: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    for split in service.spec.splits() {
        let mut seen = FxHashMap::default();
        for share in &split.shares {
            let Some(host) = share.destination.host else { continue };
            let subset = share.destination.subset.map_or("", |subset| subset.value);
            let port = share.destination.port.as_ref().and_then(|port| port.number).map(|port| port.value);
            let key = (mesh.full_name(host.value, service.meta.namespace), subset, port);
            let Some(first) = seen.get(&key).copied() else {
                seen.insert(key, share.node);
                continue;
            };
            report
                .at(&service.meta, share.node.head(), format!("{} twice in a route", share.title()))
                .label("the weights add up")
                .related(first.head(), "the same destination")
                .help("join the two, or name another subset");
        }
    }
}
