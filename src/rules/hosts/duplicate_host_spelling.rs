use crate::model::Object;
use crate::model::virtual_service::VirtualService;
use rustc_hash::FxHashMap;

use crate::mesh::Mesh;
use crate::rules::Report;

/// The hosts of a VirtualService must be different services. The same text twice is what validation refuses.
pub fn check<'m>(mesh: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    let mut firsts = FxHashMap::default();
    for host in &service.spec.hosts {
        let full = mesh.full_name(host.value, service.meta.namespace);
        let first = *firsts.entry(full).or_insert(*host);
        if first.value != host.value {
            report
                .at(&service.meta, host.at, format!("`{}` is `{}` again", host.value, first.value))
                .related(first.at, "the same host")
                .help("keep one of them");
        }
    }
}
