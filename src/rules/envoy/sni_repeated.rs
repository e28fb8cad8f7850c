use crate::model::Object;
use crate::model::virtual_service::VirtualService;
use rustc_hash::FxHashMap;

use crate::mesh::Mesh;
use crate::rules::Report;

/// The server names of a match become one list, in which Envoy wants each once; their case does not count.
pub fn check<'m>(_: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    for matched in service.spec.tls.iter().flat_map(|route| &route.r#match) {
        let mut firsts = FxHashMap::default();
        for (index, host) in matched.sni_hosts.iter().enumerate() {
            let (first_index, first) = *firsts.entry(host.to_ascii_lowercase()).or_insert((index, *host));
            if first_index != index {
                report
                    .at(&service.meta, host.at, format!("`{}` is there twice", host.value))
                    .label("Envoy refuses the listener")
                    .related(first.at, "the first one")
                    .help("keep one of them");
            }
        }
    }
}
